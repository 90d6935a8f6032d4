package io.tapswitch.lab;

/**
 * A network of the daemon.
 *
 * @param name its name
 * @param id its id
 * @param subnet as CIDR
 * @param gateway the gateway's address
 */
public record LabNetwork(String name, String id, String subnet, String gateway) {
    static LabNetwork of(Json inspected) {
        Json config = inspected.at("IPAM").at("Config").at(0);
        return new LabNetwork(
                inspected.text("Name"), inspected.text("Id"), config.text("Subnet"), config.text("Gateway"));
    }
}
