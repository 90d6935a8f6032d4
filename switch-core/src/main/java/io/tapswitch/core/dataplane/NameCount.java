package io.tapswitch.core.dataplane;

/**
 * How often a name was asked for, as far as those remember who were asked.
 *
 * @param name in lower case
 * @param network id of the network that it was asked in
 * @param least times that it was asked for, at least
 * @param most the same, at most
 */
public record NameCount(String name, int network, long least, long most) {
    /** {@return the sum with what another has counted of the same name} */
    public NameCount plus(NameCount other) {
        return new NameCount(name, network, least + other.least, most + other.most);
    }
}
