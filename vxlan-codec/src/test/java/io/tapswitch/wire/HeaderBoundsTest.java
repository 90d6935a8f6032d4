package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every getter and setter of every header stays within the header's LENGTH: on a buffer of just that length it works,
 * and some accessor fails on each shorter one, so the length is not too large either.
 */
class HeaderBoundsTest {
    private record Header(Class<?> type, int length, List<String> longer) {}

    private static final List<Header> HEADERS = List.of(
            new Header(EthernetHeader.class, EthernetHeader.LENGTH, List.of()),
            new Header(VlanTag.class, VlanTag.LENGTH + 2, List.of()),
            new Header(ArpHeader.class, ArpHeader.LENGTH, List.of()),
            new Header(Ipv4Header.class, Ipv4Header.MIN_LENGTH, List.of()),
            new Header(Ipv6Header.class, Ipv6Header.LENGTH, List.of()),
            new Header(IcmpHeader.class, IcmpHeader.LENGTH, List.of("checksumValid", "updateChecksum")),
            new Header(Icmpv6Header.class, Icmpv6Header.LENGTH, List.of("target", "targetHi", "targetLo")),
            new Header(UdpHeader.class, UdpHeader.LENGTH, List.of()),
            new Header(SctpHeader.class, SctpHeader.LENGTH, List.of()),
            new Header(TcpHeader.class, TcpHeader.MIN_LENGTH, List.of()));

    private static List<Method> accessors(Header header) {
        return Arrays.stream(header.type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !header.longer.contains(method.getName()))
                .filter(method -> DirectBuffer.class.isAssignableFrom(
                        Arrays.stream(method.getParameterTypes()).findFirst().orElse(Void.class)))
                .toList();
    }

    private static Object call(Method method, UnsafeBuffer buffer) throws Throwable {
        List<Object> arguments = new ArrayList<>();
        for (Class<?> type : method.getParameterTypes()) {
            if (type == DirectBuffer.class || type == MutableDirectBuffer.class) {
                arguments.add(buffer);
            } else if (type == boolean.class) {
                arguments.add(true);
            } else {
                // As an offset it is 0; as a value it is a valid one of any field.
                arguments.add(type == long.class ? (Object) 0L : (Object) 0);
            }
        }
        try {
            return method.invoke(null, arguments.toArray());
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static boolean allWork(List<Method> accessors, int length) throws Throwable {
        for (Method accessor : accessors) {
            try {
                call(accessor, new UnsafeBuffer(new byte[length]));
            } catch (IndexOutOfBoundsException e) {
                return false;
            }
        }
        return true;
    }

    @TestFactory
    Stream<DynamicTest> everyAccessorStaysWithinItsHeader() {
        return HEADERS.stream()
                .map(header -> DynamicTest.dynamicTest(header.type.getSimpleName(), () -> {
                    List<Method> accessors = accessors(header);
                    assertThat(accessors).hasSizeGreaterThan(4);
                    for (Method accessor : accessors) {
                        call(accessor, new UnsafeBuffer(new byte[header.length]));
                    }
                    for (int length = 0; length < header.length; length++) {
                        assertThat(allWork(accessors, length))
                                .as("%d bytes", length)
                                .isFalse();
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> checksumsOfACutHeaderAreRefusedByTheBuffer() {
        return java.util.stream.IntStream.range(1, 60)
                .mapToObj(length -> DynamicTest.dynamicTest(length + " bytes", () -> {
                    UnsafeBuffer cut = new UnsafeBuffer(new byte[length]);
                    cut.putByte(0, (byte) 0x4F);
                    assertThatThrownBy(() -> Ipv4Header.checksumValid(cut, 0))
                            .isInstanceOf(IndexOutOfBoundsException.class);
                }));
    }
}
