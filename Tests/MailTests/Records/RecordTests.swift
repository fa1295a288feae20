import Testing

@testable import Mail

@Suite struct RecordTests {
    @Test(
        "MX RDATA: a malformed record is void, an odd name is kept and shown",
        arguments: [
            ("000a 026d78 076578616d706c65 00", "10 mx.example"),
            ("0000 00", "0 ."),
            ("ffff 00", "65535 ."),
            ("000a 026d58 00", "10 mx"),  // lower case
            ("", nil), ("00", nil), ("000a", nil),  // no name
            ("000a 026d78", nil),  // no final zero
            ("000a 036d78", nil),  // label longer than what is left
            ("000a 026d78 00 00", nil),  // octets behind the name
            ("000a c00c", nil),  // compression pointer
            ("000a 40 00", nil),  // a label of 64
            ("000a 036d0078 00", "10 m\\000x"),  // NUL
            ("000a 036d2e78 00", "10 m\\.x"),  // a dot inside a label is no border
            ("000a 026d20 00", "10 m\\032"),
            ("000a 07 3139322e302e32 00", "10 192\\.0\\.2"),
        ])
    func mx(hexadecimal: String, expected: String?) {
        let record = MXRecord(rdata: hexOctets(hexadecimal))
        #expect(record.map { "\($0.preference) \($0.exchange)" } == expected)
    }

    @Test("MX-14 an MX that spells an IP address names no host", arguments: ["192.0.2.1", "1", "mx.example.25"])
    func addressAsExchange(text: String) {
        #expect(MXRecord(rdata: [0, 1] + wireName(text))?.exchange == .host(.unreadable(text)))
    }

    @Test("A name at the limit of 255 octets is read, one past it is void")
    func nameLimit() {
        let label = [UInt8(63)] + [UInt8](repeating: 0x61, count: 63)
        let atLimit = label + label + label + [UInt8(61)] + [UInt8](repeating: 0x61, count: 61) + [0]
        let beyond = label + label + label + [UInt8(62)] + [UInt8](repeating: 0x61, count: 62) + [0]
        #expect(atLimit.count == WireName.lengthLimit)
        #expect(MXRecord(rdata: [0, 1] + atLimit) != nil)
        #expect(MXRecord(rdata: [0, 1] + beyond) == nil)
    }

    @Test("No RDATA of any length traps a reader")
    func anyLength() {
        var generator = SplitMix(seed: 7)
        for length in 0..<300 {
            for _ in 0..<20 {
                let rdata = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                _ = MXRecord(rdata: rdata)
                _ = CNAMERecord.target(rdata: rdata)
                _ = TLSARecord(rdata: rdata)?.usability
                for family in AddressFamily.allCases { _ = IPAddress(rdata: rdata, family) }
            }
        }
        #expect(IPAddress(rdata: [1, 2, 3, 4], .ipv6) == nil)
        #expect(IPAddress(rdata: [UInt8](repeating: 1, count: 16), .ipv4) == nil)
        #expect(IPAddress(rdata: [192, 0, 2, 1], .ipv4) == .v4(0xC000_0201))
        #expect(CNAMERecord.target(rdata: wireName("a.example")) == domainName("a.example"))
        #expect(CNAMERecord.target(rdata: [0]) == nil)
    }

    @Test(
        "Addresses nobody's MX host has",
        arguments: [
            (IPAddress.v4(0x7F00_0001), true), (.v4(0x7FFF_FFFF), true), (.v6(high: 0, low: 1), true),
            (.v6(high: 0, low: 0xFFFF_7F00_0001), true),  // ::ffff:127.0.0.1
            (.v4(0), false), (.v6(high: 0, low: 0), false), (.v4(0xE000_0001), false), (.v4(0xFFFF_FFFF), false),
            (.v6(high: 0xFF02_0000_0000_0000, low: 1), false),
        ])
    func unreachable(address: IPAddress, loopback: Bool) {
        #expect(address.unreachable(loopbackAllowed: false) != nil)
        #expect((address.unreachable(loopbackAllowed: true) == nil) == loopback)
        #expect(IPAddress.v4(0xC000_0201).unreachable(loopbackAllowed: false) == nil)
        #expect(IPAddress.v4(0x8000_0001).unreachable(loopbackAllowed: false) == nil)
        #expect(IPAddress.v6(high: 0x2001_0db8 << 32, low: 1).unreachable(loopbackAllowed: false) == nil)
    }
}

/// A small deterministic generator (splitmix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
