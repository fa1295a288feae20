import Testing

@testable import Mail

@Suite struct SenderLaneTests {
    private static func path(_ text: String) throws -> ReversePath {
        try ReversePath(parsing: Array("<\(text)>".utf8), toASCII: { _ in try? DomainName("xn--bcher-kva.test") })
    }

    private static func lane(_ text: String, login: String? = nil) throws -> SenderLane {
        SenderLane(sender: try path(text), login: login, priority: .high, isOptionalTLS: false)
    }

    @Test(
        "Q-04 one sender is one lane, however it spells its addresses",
        arguments: [
            ("news@a.test", "news@a.test", true, "the same"),
            ("News@A.test", "news@a.test", true, "case"),
            ("news+ann=b.test@a.test", "news+bob=c.test@a.test", true, "VERP, after a plus"),
            ("news-4711-ann@a.test", "news-4712@a.test", true, "VERP, after a hyphen"),
            ("news-4711@a.test", "news@a.test", true, "with and without"),
            ("SRS0=xAb4=QZ=b.test=ann@a.test", "srs1=HHH=f.test==HHH=QZ@a.test", true, "SRS"),
            ("prvs=2345abcdef=ann@a.test", "prvs=3345fffdef=bob@a.test", true, "BATV"),
            ("user1@a.test", "user22@a.test", true, "a number behind a name"),
            ("4711@a.test", "0815@a.test", true, "numbers alone"),
            ("\"news b\"@a.test", "\"c d\"@a.test", true, "quoted ones have no beginning"),
            ("ann.lee@a.test", "ann.fox@a.test", false, "a dot belongs to the name"),
            ("ann_lee@a.test", "ann_fox@a.test", false, "so does a low line"),
            ("ann@a.test", "bob@a.test", false, "two people"),
            ("news@a.test", "news@b.test", false, "two domains"),
            ("news@a.test", "news@sub.a.test", false, "a name below"),
            ("jörg@a.test", "jürg@a.test", false, "letters beyond ASCII"),
            ("news@[192.0.2.1]", "news@[192.0.2.2]", false, "two address literals"),
            ("", "4711@a.test", false, "notices"),
        ])
    func senders(_ left: String, _ right: String, _ isOne: Bool, _ why: String) throws {
        #expect((try Self.lane(left) == Self.lane(right)) == isOne, "\(why)")
    }

    @Test("Q-04 a login is the sender, whatever the reverse-path, and no address is mistaken for one")
    func logins() throws {
        #expect(try Self.lane("a@a.test", login: "ann") == Self.lane("b@b.test", login: "ann"))
        #expect(try Self.lane("", login: "ann") == Self.lane("b@b.test", login: "ann"))
        #expect(try Self.lane("a@a.test", login: "ann") != Self.lane("a@a.test", login: "bob"))
        #expect(try Self.lane("ann@a.test") != Self.lane("x@x.test", login: "a.test@ann"))
        #expect(try Self.lane("") != Self.lane("x@x.test", login: ""))
    }

    @Test("the number lies on disk, so that it may never change")
    func stable() throws {
        #expect(try Self.lane("news@example.org").value == 0x14C7_98F5_E545_FEAC)
        #expect(try Self.lane("").value == 0x0F63_E34C_8601_F874)
        #expect(try Self.lane("x@example.org", login: "ann").value == 0x0460_E6AD_9060_BE5A)
        // The published vectors of FNV-1a with 64 bits.
        for (text, value) in [
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8),
        ] as [(String, UInt64)] {
            var hash = StableHash()
            hash.mix(text.utf8)
            #expect(hash.value == value)
        }
    }

    @Test("priority and the leave to go past TLS policy are read back, and high priority comes first")
    func bits() throws {
        let sender = try Self.path("news@a.test")
        var all: [SenderLane] = []
        for priority in Priority.allCases {
            for isOptional in [false, true] {
                let lane = SenderLane(sender: sender, login: nil, priority: priority, isOptionalTLS: isOptional)
                #expect(lane.priority == priority && lane.isOptionalTLS == isOptional)
                #expect(lane.value >= 0)
                #expect(SenderLane(value: lane.value) == lane)
                all.append(lane)
            }
        }
        #expect(Set(all).count == 4 && all == all.sorted())
        #expect(Set(all.map { $0.value & ((1 << 61) - 1) }).count == 1, "the hash has the rest of the bits")
        // What no version ever wrote is brought into range.
        #expect(SenderLane(value: -1).value == .max && SenderLane(value: .min).value == 0)
    }
}
