package io.tapswitch.tapio.sys;

/** Numbers and offsets of route netlink: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/net_namespace.h. */
public final class Rtnetlink {
    /** Address family of netlink sockets. */
    public static final int AF_NETLINK = 16;
    /** The routing protocol family. */
    public static final int NETLINK_ROUTE = 0;
    /** Level of netlink's socket options and control messages. */
    public static final int SOL_NETLINK = 270;
    /** Socket option: hear namespaces that ours has an id for; control message: the id a message comes from. */
    public static final int NETLINK_LISTEN_ALL_NSID = 8;
    /** Multicast group of links, as a bit of nl_groups. */
    public static final int RTMGRP_LINK = 1;
    /** Multicast group of namespace ids (RTNLGRP_NSID, 28), as a bit of nl_groups. */
    public static final int RTMGRP_NSID = 1 << 27;

    /** Multicast groups of both families' addresses and routes, as bits of nl_groups. */
    public static final int RTMGRP_ADDRESSES_AND_ROUTES = 0x10 | 0x40 | 0x100 | 0x400;

    /** Multicast groups of both families' rules, and of nexthops, as bits of nl_groups. */
    public static final int RTMGRP_RULES_AND_NEXTHOPS = 1 << 7 | 1 << 18 | 1 << 31;

    /** Length of struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence, u32 port. */
    public static final int NLMSGHDR_LENGTH = 16;
    /** Offset of the type in struct nlmsghdr. */
    public static final int NLMSGHDR_TYPE = 4;
    /** Length of struct ifinfomsg: u8 family, u8 padding, u16 type, s32 index, u32 flags, u32 change. */
    public static final int IFINFOMSG_LENGTH = 16;
    /** Offset of the index in struct ifinfomsg. */
    public static final int IFINFOMSG_INDEX = 4;
    /** Offset of the flags in struct ifinfomsg. */
    public static final int IFINFOMSG_FLAGS = 8;
    /** Length of struct ifaddrmsg: u8 family, u8 prefix length, u8 flags, u8 scope, u32 index. */
    public static final int IFADDRMSG_LENGTH = 8;
    /** Offset of the index in struct ifaddrmsg. */
    public static final int IFADDRMSG_INDEX = 4;
    /** Length of struct rtmsg: u8 family, two lengths, tos, table, protocol, scope, type; u32 flags. */
    public static final int RTMSG_LENGTH = 12;
    /** Offset of the type in struct rtmsg. */
    public static final int RTMSG_TYPE = 7;
    /** Offset of the flags in struct rtmsg. */
    public static final int RTMSG_FLAGS = 8;
    /** Length of struct rtgenmsg, padded. */
    public static final int RTGENMSG_LENGTH = 4;
    /** Length of an attribute's header: u16 length with header, u16 type. */
    public static final int NLA_HEADER_LENGTH = 4;
    /** The type without its flags. */
    public static final int NLA_TYPE_MASK = 0x3fff;

    /** An error, or 0 as acknowledgement. */
    public static final int NLMSG_ERROR = 2;
    /** The end of a dump. */
    public static final int NLMSG_DONE = 3;
    /** A link is new or changed. */
    public static final int RTM_NEWLINK = 16;
    /** A link is gone from its namespace. */
    public static final int RTM_DELLINK = 17;
    /** Changes a link. */
    public static final int RTM_SETLINK = 19;
    /** Asks for a link. */
    public static final int RTM_GETLINK = 18;
    /** An address, in the answer to {@link #RTM_GETADDR}. */
    public static final int RTM_NEWADDR = 20;
    /** Asks for addresses. */
    public static final int RTM_GETADDR = 22;
    /** A route, in the answer to {@link #RTM_GETROUTE}. */
    public static final int RTM_NEWROUTE = 24;
    /** Asks for routes. */
    public static final int RTM_GETROUTE = 26;
    /** Gives a link a queueing discipline. */
    public static final int RTM_NEWQDISC = 36;
    /** Takes a queueing discipline from a link. */
    public static final int RTM_DELQDISC = 37;
    /** Gives a queueing discipline a filter, or is one in the answer to {@link #RTM_GETTFILTER}. */
    public static final int RTM_NEWTFILTER = 44;
    /** Takes a filter away. */
    public static final int RTM_DELTFILTER = 45;
    /** Asks for filters. */
    public static final int RTM_GETTFILTER = 46;
    /** A namespace gets an id. */
    public static final int RTM_NEWNSID = 88;
    /** A namespace's id is gone, because the namespace is. */
    public static final int RTM_DELNSID = 89;
    /** Asks for the id of a namespace. */
    public static final int RTM_GETNSID = 90;
    /** Flag: this is a request. */
    public static final int NLM_F_REQUEST = 1;
    /** Flag: answer also when there is nothing to say. */
    public static final int NLM_F_ACK = 4;

    /** Flag: all there are. */
    public static final int NLM_F_DUMP = 0x300;
    /** Flag: what was there changed during the dump. */
    public static final int NLM_F_DUMP_INTR = 0x10;
    /** Flags: make it, in place of what is there. */
    public static final int NLM_F_CREATE_OR_REPLACE = 0x400 | 0x100;

    /** Flags: make it, but only if there is none. */
    public static final int NLM_F_CREATE_NEW = 0x400 | 0x200;
    /** Flag: make it if there is none. */
    public static final int NLM_F_CREATE = 0x400;

    /** MAC address. */
    public static final int IFLA_ADDRESS = 1;
    /** Name, zero-terminated. */
    public static final int IFLA_IFNAME = 3;
    /** MTU, u32. */
    public static final int IFLA_MTU = 4;
    /** How many frames wait for a reader, u32. */
    public static final int IFLA_TXQLEN = 13;
    /** A text for people, zero-terminated. */
    public static final int IFLA_IFALIAS = 20;
    /** Nested: what kind of link. */
    public static final int IFLA_LINKINFO = 18;
    /** The link below, of a link that stands on another. */
    public static final int IFLA_LINK = 5;
    /** Within {@link #IFLA_LINKINFO}: what a kind needs besides. */
    public static final int IFLA_INFO_DATA = 2;
    /** Within {@link #IFLA_INFO_DATA} of a macvtap: its mode. */
    public static final int IFLA_MACVLAN_MODE = 1;
    /** For {@link #IFLA_MACVLAN_MODE}: members of one parent reach each other. */
    public static final int MACVLAN_MODE_BRIDGE = 4;

    /** Within {@link #IFLA_LINKINFO}: the kind's name. */
    public static final int IFLA_INFO_KIND = 1;
    /** What an answer shall hold, u32. */
    public static final int IFLA_EXT_MASK = 29;
    /** For {@link #IFLA_EXT_MASK}: no statistics. */
    public static final int RTEXT_FILTER_SKIP_STATS = 8;
    /** Id of the namespace that is asked about, s32 (Linux 4.20). */
    public static final int IFLA_TARGET_NETNSID = 46;
    /** An interface's address, or that of the other end. */
    public static final int IFA_ADDRESS = 1;
    /** An interface's own address, for IPv4. */
    public static final int IFA_LOCAL = 2;
    /** An address' flags, u32; the first eight are in struct ifaddrmsg too. */
    public static final int IFA_FLAGS = 8;
    /** Address flag: IPv6 found that somebody else has it. */
    public static final int IFA_F_DADFAILED = 0x08;
    /** Address flag: not for what begins now. */
    public static final int IFA_F_DEPRECATED = 0x20;
    /** Address flag: IPv6 still asks whether somebody has it. */
    public static final int IFA_F_TENTATIVE = 0x40;
    /** Address flag: used while it is asked for. */
    public static final int IFA_F_OPTIMISTIC = 0x04;
    /** Scope of addresses: within a site; smaller ones are everywhere. */
    public static final int RT_SCOPE_SITE = 200;
    /** Scope of addresses: on the link. */
    public static final int RT_SCOPE_LINK = 253;
    /** Scope of addresses: in this host. */
    public static final int RT_SCOPE_HOST = 254;
    /** A route's prefix. */
    public static final int RTA_DST = 1;
    /** A source address. */
    public static final int RTA_SRC = 2;
    /** The router that a route leads to. */
    public static final int RTA_GATEWAY = 5;
    /** A router of another family. */
    public static final int RTA_VIA = 18;
    /** Index of the link that a route leads to. */
    public static final int RTA_OIF = 4;
    /** Source address that a route prefers. */
    public static final int RTA_PREFSRC = 7;
    /** Nested: a route's numbers. */
    public static final int RTA_METRICS = 8;
    /** Within {@link #RTA_METRICS}: the MTU, u32. */
    public static final int RTAX_MTU = 2;
    /** A route by several links: u16 length, u8 flags, u8 weight, s32 index, attributes; for each. */
    public static final int RTA_MULTIPATH = 9;
    /** Offset of the index in the first of {@link #RTA_MULTIPATH}. */
    public static final int RTNEXTHOP_INDEX = 4;
    /** A route to other hosts, not one to an address of this host. */
    public static final int RTN_UNICAST = 1;
    /** A route to one of this host's addresses. */
    public static final int RTN_LOCAL = 2;
    /** A route to all of a network. */
    public static final int RTN_BROADCAST = 3;
    /** A route to an address that several have, this host among them. */
    public static final int RTN_ANYCAST = 4;
    /** A route to a group. */
    public static final int RTN_MULTICAST = 5;
    /** First type of routes that lead nowhere on purpose: blackhole, unreachable, prohibit. */
    public static final int RTN_BLACKHOLE = 6;
    /** Last of the types that begin with {@link #RTN_BLACKHOLE}. */
    public static final int RTN_PROHIBIT = 8;
    /** Flag of a route that the kernel made of another. */
    public static final int RTM_F_CLONED = 0x200;
    /** A queueing discipline's name. */
    public static final int TCA_KIND = 1;
    /** Nested: what is special of a kind. */
    public static final int TCA_OPTIONS = 2;
    /** Of a bpf filter: the program's file, u32. */
    public static final int TCA_BPF_FD = 6;
    /** Of a bpf filter: a name for people. */
    public static final int TCA_BPF_NAME = 7;
    /** Of a bpf filter: flags, u32. */
    public static final int TCA_BPF_FLAGS = 8;
    /** Of a bpf filter: the program's id, u32. */
    public static final int TCA_BPF_ID = 11;
    /** For {@link #TCA_BPF_FLAGS}: the program's result is what happens. */
    public static final int TCA_BPF_FLAG_ACT_DIRECT = 1;
    /** Length of struct tcmsg: u8 family, padding, s32 index, u32 handle, u32 parent, u32 priority and protocol. */
    public static final int TCMSG_LENGTH = 20;
    /** Offset of the handle in struct tcmsg. */
    public static final int TCMSG_HANDLE = 8;
    /** Parent of a clsact. */
    public static final int TC_H_CLSACT = 0xffff_fff1;
    /** Handle of a clsact. */
    public static final int TC_H_CLSACT_HANDLE = 0xffff_0000;
    /** Parent of filters of a clsact for what comes in. */
    public static final int TC_H_CLSACT_INGRESS = 0xffff_fff2;
    /** Parent of filters of a clsact for what goes out. */
    public static final int TC_H_CLSACT_EGRESS = 0xffff_fff3;
    /** Priority 1, the first, and all protocols (ETH_P_ALL in network order). */
    public static final int TC_FIRST_OF_ALL_PROTOCOLS = 1 << 16 | 0x0300;
    /** Parent of a link's first queueing discipline. */
    public static final int TC_H_ROOT = -1;

    /** Link flag: set up. */
    public static final int IFF_UP = 1;
    /** Link flag: the loopback device. */
    public static final int IFF_LOOPBACK = 1 << 3;
    /** Link flag: neighbours are not asked for. */
    public static final int IFF_NOARP = 1 << 7;
    /** Link flag: has a carrier. */
    public static final int IFF_LOWER_UP = 1 << 16;

    /** Id of a namespace, s32. */
    public static final int NETNSA_NSID = 1;
    /** A namespace by an open file, u32. */
    public static final int NETNSA_FD = 3;
    /** No id; as a wish: any. */
    public static final int NETNSA_NSID_NOT_ASSIGNED = -1;

    private Rtnetlink() {}

    /** {@return the length rounded up to netlink's alignment of 4} */
    public static int align(int length) {
        return (length + 3) & ~3;
    }
}
