import Testing

@testable import Mail

struct IPAddressTests {
    @Test(
        "Texts that are addresses, and their one form (RFC 5952 §4)",
        arguments: [
            ("192.0.2.1", "192.0.2.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:DB8::0:1", "2001:db8::1"),  // Lower case, all zeros in the gap.
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  // The first of two equal runs.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  // The longest run.
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  // One zero group is not shortened.
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("0001:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("::ffff:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ])
    func valid(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(octets: address.octets) == address)
    }

    @Test(
        "Texts that are none",
        arguments: [
            "", ".", ":", ":::", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3",
            "1.2.3.-4",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::", "1::2::3", "12345::", "g::", ":1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:",
            "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::", "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7:1.2.3.4",
        ])
    func invalid(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("An IPv4-mapped address stands for the IPv4 address")
    func unmapped() throws {
        let mapped = try #require(IPAddress("::ffff:192.0.2.1"))
        #expect(mapped.unmapped == IPAddress("192.0.2.1"))
        let other = try #require(IPAddress("::fffe:c000:201"))
        #expect(other.unmapped == other)
    }

    @Test(
        "Networks",
        arguments: [
            ("127.0.0.0/8", "127.255.255.255", true),
            ("127.0.0.0/8", "128.0.0.0", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),  // A mapped client of a dual-stack listener.
            ("::1/128", "::1", true),
            ("::1/128", "::2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),  // Another family.
            ("::/0", "2001:db8::1", true),
            ("::/0", "127.0.0.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("2001:db8:0:1::/64", "2001:db8:0:1:ffff::", true),
            ("2001:db8:0:1::/64", "2001:db8:0:2::", false),
            ("2001:db8::8000:0:0:0/65", "2001:db8::8000:0:0:1", true),
            ("2001:db8::8000:0:0:0/65", "2001:db8::7fff:0:0:1", false),
            ("192.0.2.1", "192.0.2.1", true),  // Without a length: that one.
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
        ])
    func networks(text: String, address: String, within: Bool) throws {
        let network = try #require(IPNetwork(text))
        #expect(network.contains(try #require(IPAddress(address))) == within)
        #expect(IPNetwork(network.description) == network)
    }

    @Test(
        "Texts that are no network",
        arguments: [
            "", "/8", "127.0.0.0/", "127.0.0.0/33", "127.0.0.0/-1", "127.0.0.0/8/8", "::/129", "127.0.0.1/8", "::1/127",
            "localhost", "10.0.0.0/08x", "::ffff:10.0.0.0/95",
        ])
    func notNetworks(text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
