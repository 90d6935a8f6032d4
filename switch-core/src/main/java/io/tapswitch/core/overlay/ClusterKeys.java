package io.tapswitch.core.overlay;

import io.tapswitch.wire.IpAddress;

/**
 * The layout of the cluster's keys (docs/overlay.md). The root names the layout's version: one that older programs
 * would misunderstand gets another. Ids, names and addresses follow, none of which has a slash.
 */
final class ClusterKeys {
    /** Before everything. */
    static final String ROOT = "/tapswitch/v1/";

    static final String HOSTS = "hosts/";
    static final String ALIVE = "alive/";
    static final String VTEPS = "vteps/";
    static final String HOST_NAMES = "host-names/";
    static final String NETWORKS = "networks/";
    static final String NETWORK_NAMES = "network-names/";
    static final String VNIS = "vnis/";
    static final String ENDPOINTS = "endpoints/";
    static final String ADDRESSES = "addresses/";
    static final String NAMES = "names/";
    static final String KEYS = "keys/";

    /** Questions of hosts to all others, with a lease; no part of the state. */
    static final String QUESTIONS = "questions/";

    /** Beside all else: each answer is for one host, and the others' watches need not carry it. */
    private static final String ANSWERS = "/tapswitch/v1-answers/";

    /** Beside all else too: only who removes a host asks for it. */
    private static final String HEARD = "/tapswitch/v1-heard/";

    private ClusterKeys() {}

    static String heard(String host) {
        return HEARD + host;
    }

    static String question(String id) {
        return ROOT + QUESTIONS + id;
    }

    static String answers(String question) {
        return ANSWERS + question + "/";
    }

    static String answer(String question, String host) {
        return answers(question) + host;
    }

    static String host(String id) {
        return ROOT + HOSTS + id;
    }

    static String alive(String host) {
        return ROOT + ALIVE + host;
    }

    static String vtep(IpAddress address) {
        return ROOT + VTEPS + address;
    }

    static String hostName(String name) {
        return ROOT + HOST_NAMES + name;
    }

    static String networks() {
        return ROOT + NETWORKS;
    }

    static String network(String id) {
        return ROOT + NETWORKS + id;
    }

    static String networkName(String name) {
        return ROOT + NETWORK_NAMES + name;
    }

    static String vni(int vni) {
        return ROOT + VNIS + vni;
    }

    static String endpoints(String network) {
        return ROOT + ENDPOINTS + network + "/";
    }

    static String endpoint(String network, String id) {
        return endpoints(network) + id;
    }

    static String addresses(String network) {
        return ROOT + ADDRESSES + network + "/";
    }

    static String address(String network, IpAddress address) {
        return addresses(network) + address;
    }

    static String names(String network) {
        return ROOT + NAMES + network + "/";
    }

    static String keys(String host) {
        return ROOT + KEYS + host + "/";
    }

    static String key(String host, String id) {
        return keys(host) + id;
    }

    static String name(String network, String name) {
        return names(network) + name;
    }
}
