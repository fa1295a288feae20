import Testing

@testable import Gzip

/// gzip (RFC 1952), packed here and unpacked here; what Python's gzip makes stands in as literals.
@Suite("Gzip")
struct GzipTests {
    private let generous = 1 << 20

    /// Octets that do not pack well.
    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test("RPTF-12 what is packed begins as gzip does, and comes back")
    func roundTrip() throws {
        let cases: [[UInt8]] = [
            [], [0], Array("{\"policies\":[]}".utf8), Self.noise(65_535), Self.noise(65_536), Self.noise(200_001),
            [UInt8](repeating: 7, count: 1_000_000),
        ]
        for octets in cases {
            let packed = try Gzip.compress(octets)
            #expect(packed.starts(with: Gzip.magic), "\(octets.count) octets")
            #expect(try Gzip.decompress(packed, limit: octets.count) == octets, "\(octets.count) octets")
        }
    }

    @Test("the same octets always pack to the same, without a time")
    func deterministic() throws {
        let octets = Self.noise(1000)
        let packed = try Gzip.compress(octets)
        #expect(try Gzip.compress(octets) == packed)
        #expect(packed[4..<8].allSatisfy { $0 == 0 }, "MTIME (RFC 1952 §2.3.1)")
    }

    /// `gzip.compress(b"hello")` and `gzip.GzipFile("name", …)` of Python, with a file name and a time.
    static let foreign: [[UInt8]] = [
        [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86,
            0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ],
        [
            0x1F, 0x8B, 0x08, 0x08, 0x01, 0x00, 0x00, 0x00, 0x02, 0xFF, 0x6E, 0x00, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07,
            0x00, 0x86, 0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ],
    ]

    @Test("what others packed", arguments: foreign)
    func others(packed: [UInt8]) throws {
        #expect(try Gzip.decompress(packed, limit: 5) == Array("hello".utf8))
    }

    @Test("the limit, and one past it", arguments: [0, 1, 65_535, 65_536, 65_537, 131_072])
    func limit(count: Int) throws {
        let packed = try Gzip.compress([UInt8](repeating: 0x20, count: count))
        #expect(try Gzip.decompress(packed, limit: count).count == count)
        if count > 0 {
            #expect(throws: GzipError.tooLarge(limit: count - 1)) { try Gzip.decompress(packed, limit: count - 1) }
        }
    }

    @Test("a bomb is stopped while it unpacks, in one member and in many")
    func bomb() throws {
        let member = try Gzip.compress([UInt8](repeating: 0, count: 10 * 1024 * 1024 + 1))
        #expect(member.count < 20_000)
        #expect(throws: GzipError.tooLarge(limit: 10 * 1024 * 1024)) {
            try Gzip.decompress(member, limit: 10 * 1024 * 1024)
        }
        let many = [[UInt8]](repeating: member, count: 20).flatMap(\.self)
        #expect(throws: GzipError.tooLarge(limit: 1000)) { try Gzip.decompress(many, limit: 1000) }
    }

    @Test("each cut of a stream says so")
    func truncated() throws {
        let packed = try Gzip.compress(Array("hello, hello, hello".utf8))
        for count in 0..<packed.count {
            #expect(throws: GzipError.truncated, "cut to \(count)") {
                try Gzip.decompress(Array(packed.prefix(count)), limit: generous)
            }
        }
    }

    @Test("members one behind the other, empty ones among them (RFC 1952 §2.2)")
    func members() throws {
        let parts = [Array("one ".utf8), [], Array("two".utf8)]
        let packed = try parts.flatMap { try Gzip.compress($0) }
        #expect(try Gzip.decompress(packed, limit: 7) == Array("one two".utf8))
        #expect(throws: GzipError.tooLarge(limit: 6)) { try Gzip.decompress(packed, limit: 6) }
        let second = try Gzip.compress(Array("two".utf8)).count
        for count in 2..<second {
            #expect(throws: GzipError.truncated, "second member cut by \(count - 1)") {
                try Gzip.decompress(Array(packed.dropLast(count - 1)), limit: generous)
            }
        }
    }

    @Test(
        "what follows the last member is passed over",
        arguments: [[0], [0, 0, 0], [0x0D, 0x0A], Array("garbage".utf8), [0x1F]])
    func trailing(octets: [UInt8]) throws {
        let packed = try Gzip.compress(Array("hello".utf8))
        #expect(try Gzip.decompress(packed + octets, limit: 5) == Array("hello".utf8))
    }

    @Test("what is no gzip is refused in zlib's words")
    func malformed() throws {
        let good = try Gzip.compress(Array("hello".utf8))
        var badSum = good
        badSum[good.count - 8] ^= 1
        var badLength = good
        badLength[good.count - 4] ^= 1
        let cases: [([UInt8], String)] = [
            (Array("{\"policies\": []}".utf8), "incorrect header check"),
            ([0x1F, 0x8B, 0x07] + good.dropFirst(3), "unknown compression method"),
            (badSum, "incorrect data check"), (badLength, "incorrect length check"),
            (good + [0x1F, 0x8B, 0x07, 0x00], "unknown compression method"),
        ]
        for (octets, words) in cases {
            #expect(throws: GzipError.malformed(words)) { try Gzip.decompress(octets, limit: generous) }
        }
    }

    @Test("damaged streams never trap")
    func fuzz() throws {
        let good = try Gzip.compress(Self.noise(300) + Array("hello hello hello".utf8))
        for index in good.indices {
            for bit in 0..<8 {
                var damaged = good
                damaged[index] ^= 1 << UInt8(bit)
                let result = try? Gzip.decompress(damaged, limit: 1000)
                #expect(result.map(\.count) ?? 0 <= 1000)
            }
        }
    }

    @Test("a bound is part of its error")
    func bound() {
        #expect(GzipError.tooLarge(limit: 1) != GzipError.tooLarge(limit: 2))
    }
}
