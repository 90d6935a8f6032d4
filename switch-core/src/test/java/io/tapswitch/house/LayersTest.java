package io.tapswitch.house;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who may know whom, and what the frame path must not touch. */
class LayersTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.tapswitch");

    /** What everything may use: the language, and annotations that are gone at run time. */
    private static final String[] LANGUAGE = {"java..", "jdk.internal..", "org.jspecify..", "org.agrona.."};

    /** The control plane's side of the dataplane and of tap-io: not on a frame's way. */
    private static final Set<String> NOT_ON_THE_WAY = Set.of(
            "CounterSnapshot",
            "Dataplane",
            "WorkerDataplane",
            "Rollout",
            "TableChanges",
            "OutsideChanges",
            "OverlayChanges",
            "NatReadings",
            "PortCapture",
            "TableRules",
            "LinkMonitor",
            "TapDevice",
            "IpBatch",
            "NetworkNamespace",
            "RouteSocket",
            "Steering",
            "FdVault",
            "FilterAttachment",
            "FlowFile",
            "MappedMemory",
            "PortReservation",
            "UplinkTap",
            "ServiceStore",
            "DescriptorPoll",
            "NamespaceWatch",
            "ProcessWatch",
            "ZoneCompiler",
            "ZoneSpec",
            "StaticRecord",
            "SpecialNames",
            "MacAddress",
            "Ipv4Address",
            "Ipv6Address",
            "IpAddress",
            "IpPrefix",
            "Ipv6Prefix",
            "Ipv4Prefix");

    private static final DescribedPredicate<JavaClass> ON_THE_FRAMES_WAY = resideInAnyPackage(
                    "io.tapswitch.core.dataplane",
                    "io.tapswitch.wire",
                    "io.tapswitch.vxlan",
                    "io.tapswitch.nat",
                    "io.tapswitch.dns",
                    "io.tapswitch.tapio")
            .and(DescribedPredicate.describe("on the frame's way", type -> !NOT_ON_THE_WAY.contains(outermost(type))));

    /** In the daemon. The command line has a jar of its own, without tap-io, and its terminals need the C library. */
    @Test
    void onlyTapioSysCallsTheKernel() {
        noClasses()
                .that(not(resideInAnyPackage("io.tapswitch.tapio.sys", "io.tapswitch.core.cli.terminal")))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .check(HOUSE);
    }

    @Test
    void theDataplaneKnowsNothingOfTheControlPlane() {
        noClasses()
                .that()
                .resideInAPackage("io.tapswitch.core.dataplane..")
                .should()
                .dependOnClassesThat(resideInAPackage("io.tapswitch.core..")
                        .and(not(resideInAPackage("io.tapswitch.core.dataplane.."))))
                .check(HOUSE);
    }

    @Test
    void theFramesWayHasNoLocksLogsStreamsOptionalsOrFormats() {
        noClasses()
                .that(ON_THE_FRAMES_WAY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.util.concurrent.locks", "org.slf4j..", "java.util.stream", "java.util.logging")
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("java\\.util\\.(Optional.*|Formatter)|java\\.net\\.InetAddress")
                .orShould()
                .callMethod(String.class, "format", String.class, Object[].class)
                .check(HOUSE);
    }

    @Test
    void nothingOnTheFramesWayIsSynchronized() {
        methods()
                .that()
                .areDeclaredInClassesThat(ON_THE_FRAMES_WAY)
                .should()
                .notHaveModifier(JavaModifier.SYNCHRONIZED)
                .check(HOUSE);
    }

    @Test
    void leavesAreLibrariesThatKnowNoOtherPartOfTheHouse() {
        mayUse("io.tapswitch.wire..");
        mayUse("io.tapswitch.vxlan..", "io.tapswitch.wire..", "javax.crypto..");
        mayUse("io.tapswitch.nat..", "io.tapswitch.wire..");
        mayUse("io.tapswitch.dns..");
        mayUse("io.tapswitch.tapio..", "io.tapswitch.wire..", "org.jctools..", "org.slf4j..");
    }

    @Test
    void theCommandLineNeedsNothingOfTheDaemon() {
        noClasses()
                .that()
                .resideInAPackage("io.tapswitch.core.cli..")
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("io.tapswitch..", "io.netty..", "tools.jackson..", "org.slf4j..")
                                .and(not(resideInAPackage("io.tapswitch.core.cli.."))))
                .check(HOUSE);
    }

    @Test
    void theControlPlaneKnowsNothingOfHttp() {
        noClasses()
                .that()
                .resideInAPackage("io.tapswitch.core.control..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty..", "io.tapswitch.core.api..", "io.tapswitch.core.cli..")
                .check(HOUSE);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.tapswitch.(**)").should().beFreeOfCycles().check(HOUSE);
    }

    @Test
    void nothingIsNamedManagerHelperOrUtil() {
        noClasses()
                .should()
                .haveNameMatching(".*(Manager|Helper|Utils?|Processor)")
                .check(HOUSE);
    }

    @Test
    void theClassesThatAreNotOnTheFramesWayExist() {
        // Otherwise a renamed class would leave a hole in the list above.
        for (String name : NOT_ON_THE_WAY) {
            classes().that().haveSimpleName(name).should().beTopLevelClasses().check(HOUSE);
        }
    }

    private static void mayUse(String leaf, String... others) {
        classes()
                .that()
                .resideInAPackage(leaf)
                .should()
                .onlyDependOnClassesThat(
                        resideInAPackage(leaf).or(resideInAnyPackage(LANGUAGE)).or(resideInAnyPackage(others)))
                .allowEmptyShould(true)
                .check(HOUSE);
    }

    private static String outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer.getSimpleName();
    }
}
