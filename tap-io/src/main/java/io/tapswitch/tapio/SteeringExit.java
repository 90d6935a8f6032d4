package io.tapswitch.tapio;

import io.tapswitch.tapio.SteeringProgram.Entrance;
import io.tapswitch.tapio.sys.BpfProgram;
import io.tapswitch.tapio.sys.BpfProgram.Register;
import io.tapswitch.tapio.sys.BpfProgram.Size;

/** The programs at a TAP: how what the switch writes leaves, and by which queue what is steered comes. */
final class SteeringExit {
    private static final int REDIRECT_NEIGHBOUR = 152;
    private static final int BPF_F_INGRESS = 1;

    private SteeringExit() {}

    /** {@return the program for what the switch writes into the TAP of a device: it leaves by that device} */
    static BpfProgram out(Entrance entrance, int device) {
        return switch (entrance) {
            case ETHERNET -> outByNeighbour(device);
            // To the host's own sockets.
            case LOOPBACK -> redirect(device, BPF_F_INGRESS);
            // There are no neighbours, and the kernel takes the Ethernet header off.
            case RAW -> redirect(device, 0);
        };
    }

    /** The kernel puts in the address of the neighbour to whom its routes lead. */
    private static BpfProgram outByNeighbour(int device) {
        return new BpfProgram()
                .move(Register.R1, device)
                .move(Register.R2, 0)
                .move(Register.R3, 0)
                .move(Register.R4, 0)
                .call(REDIRECT_NEIGHBOUR)
                .exit();
    }

    private static BpfProgram redirect(int device, int flags) {
        return new BpfProgram()
                .move(Register.R1, device)
                .move(Register.R2, flags)
                .call(SteeringDelivery.REDIRECT)
                .exit();
    }

    /** {@return the program, a socket filter, whose result is the queue of the worker that owns a steered frame} */
    static BpfProgram queue() {
        return new BpfProgram()
                .load(Size.WORD, Register.R0, Register.R1, SteeringProgram.QUEUE_MAPPING)
                .exit();
    }
}
