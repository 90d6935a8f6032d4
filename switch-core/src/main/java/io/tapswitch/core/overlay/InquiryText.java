package io.tapswitch.core.overlay;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.Belief.Place;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Questions and answers as the JSON that stands in the store. What cannot be read is as if it were not there. */
final class InquiryText {
    private static final JsonMapper JSON = JsonMapper.shared();

    private InquiryText() {}

    static String write(Inquiries.Question question) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("network", question.network());
        map.put("asker", question.asker());
        map.put("lease", question.lease());
        return JSON.writeValueAsString(map);
    }

    static Inquiries.@Nullable Question question(StoredEntry entry) {
        String prefix = ClusterKeys.ROOT + ClusterKeys.QUESTIONS;
        if (entry.value() == null || !entry.key().startsWith(prefix)) {
            return null;
        }
        try {
            Fields fields = fields(entry.key(), entry.value());
            return new Inquiries.Question(
                    entry.key().substring(prefix.length()),
                    fields.text("network"),
                    fields.text("asker"),
                    fields.number("lease", 1, Long.MAX_VALUE));
        } catch (Refusal | IllegalArgumentException e) {
            return null;
        }
    }

    static String write(Belief belief) {
        List<Map<String, Object>> places = new ArrayList<>();
        for (Place place : belief.places()) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", place.name());
            map.put("mac", place.mac().toString());
            place.addresses().forEach(address -> map.put(address.isIpv6() ? "ipv6" : "ipv4", address.toString()));
            map.put("host", place.host());
            places.add(map);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("why", belief.why());
        all.put("warnings", belief.warnings());
        all.put("endpoints", places);
        return JSON.writeValueAsString(all);
    }

    static Belief belief(String key, String value) {
        try {
            Fields fields = fields(key, value);
            List<Place> places = new ArrayList<>();
            for (Fields one : fields.mappings("endpoints", Set.of("name", "mac", "ipv4", "ipv6", "host"))) {
                places.add(new Place(
                        one.text("name"),
                        one.parse("mac", MacAddress::parse),
                        one.optionalParse("ipv4", Ipv4Address::parse),
                        one.optionalParse("ipv6", Ipv6Address::parse),
                        one.text("host")));
            }
            return new Belief(fields.text("why"), places, fields.texts("warnings"));
        } catch (Refusal refusal) {
            return Belief.none("its answer cannot be read: " + refusal.sentence());
        } catch (IllegalArgumentException e) {
            return Belief.none("its answer cannot be read: " + e.getMessage());
        }
    }

    private static Fields fields(String key, String value) {
        Source source = new Source("cluster store " + key);
        return Fields.ofAnyKeys(source, "", JsonDocument.parse(source, value));
    }
}
