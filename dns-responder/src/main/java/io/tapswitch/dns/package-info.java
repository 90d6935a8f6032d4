/**
 * Names: the DNS message codec, zones, answers, and whether a query is for others.
 *
 * <p>Bytes in, bytes out: no sockets, no switch types, no threads. The way through it is {@link
 * io.tapswitch.dns.DnsResponder}: a worker gives it the payload of a UDP datagram and the {@link
 * io.tapswitch.dns.ClientView} of the port it came by, and gets the answer's octets, or that the query is for the
 * upstreams, or nothing. A responder belongs to one thread and allocates nothing; what it asks, {@link
 * io.tapswitch.dns.Zone} and view, is immutable and shared.
 *
 * <pre>
 *   control plane                                  worker
 *   ZoneSpec ── Zone.compile ──► Zone ─┐
 *   ZoneSpec ── Zone.compile ──► Zone ─┴► ClientView ──► DnsResponder.answerUdp
 * </pre>
 *
 * <p>The codec is made of static flyweights over {@link org.agrona.DirectBuffer} ({@link io.tapswitch.dns.DnsHeader},
 * {@link io.tapswitch.dns.DnsName}, {@link io.tapswitch.dns.DnsRecord}, {@link io.tapswitch.dns.OptRecord}, {@link
 * io.tapswitch.dns.SoaData}, {@link io.tapswitch.dns.SrvData}) and of two readers of whole messages: {@link
 * io.tapswitch.dns.DnsQuery} for what clients send, {@link io.tapswitch.dns.RecordCursor} for what upstreams answer.
 * Types other than those are opaque.
 *
 * <p>It does not forward, cache or time out: it says which queries are to be forwarded and by what key their answers
 * are kept, and checks that an answer is for its question.
 */
@NullMarked
package io.tapswitch.dns;

import org.jspecify.annotations.NullMarked;
