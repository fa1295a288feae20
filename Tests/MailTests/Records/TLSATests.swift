import Testing

@testable import Mail

@Suite struct TLSATests {
    static let certificate = [0x30, 0x82, 0x01, 0x00] + [0x30] + [UInt8](repeating: 5, count: 255)

    @Test(
        "DANE-24, DANE-25, DANE-26 usability by form",
        arguments: [
            (3, 1, 1, 32, nil), (3, 0, 1, 32, nil), (2, 0, 1, 32, nil), (2, 1, 2, 64, nil), (3, 1, 2, 64, nil),
            (0, 0, 1, 32, .pkixUsage(0)), (1, 1, 1, 32, .pkixUsage(1)),
            (4, 1, 1, 32, .unknownUsage(4)), (255, 1, 1, 32, .unknownUsage(255)),
            (3, 2, 1, 32, .unknownSelector(2)), (3, 255, 1, 32, .unknownSelector(255)),
            (3, 1, 3, 32, .unknownMatchingType(3)), (3, 1, 9, 32, .unknownMatchingType(9)),
            (3, 1, 1, 0, .noData), (3, 1, 0, 0, .noData),
            (3, 1, 1, 31, .digestLength(expected: 32, found: 31)),
            (3, 1, 1, 33, .digestLength(expected: 32, found: 33)),
            (3, 1, 2, 32, .digestLength(expected: 64, found: 32)),
            (3, 1, 0, 32, .notDER),  // 32 times 0xab
        ] as [(UInt8, UInt8, UInt8, Int, TLSARecord.Fault?)])
    func usability(usage: UInt8, selector: UInt8, type: UInt8, count: Int, fault: TLSARecord.Fault?) {
        let record = TLSARecord(
            usage: usage, selector: selector, matchingType: type, data: [UInt8](repeating: 0xAB, count: count))
        #expect(record.usability == fault.map { .unusable($0) } ?? .usable)
        #expect(fault.map { $0.description.isEmpty } != true)
    }

    @Test(
        "DANE-26, DANE-27 Full(0) data is DER in outline",
        arguments: [
            (certificate, true),
            ([0x30, 0x02, 0x30, 0x00], true),
            (certificate + [0], false),  // octets behind it
            (certificate.dropLast(), false),  // cut short
            ([0x31] + certificate.dropFirst(), false),  // no SEQUENCE
            ([0x30, 0x82, 0x01, 0x00, 0x02] + [UInt8](repeating: 5, count: 255), false),  // begins with an INTEGER
            ([0x30], false), ([0x30, 0x00], false), ([0x30, 0x80, 0x30, 0x00], false),  // indefinite length
            ([0x30, 0x81, 0x02, 0x30, 0x00], false),  // not the shortest form
            ([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x30], false), ([0x30, 0x88, 1, 1, 1, 1, 1, 1, 1, 1, 0x30], false),
            ([0x30, 0x82, 0x00, 0x80, 0x30] + [UInt8](repeating: 5, count: 127), false),  // leading zero
        ] as [([UInt8], Bool)])
    func outline(data: [UInt8], isUsable: Bool) {
        #expect(TLSARecord(usage: 2, selector: 0, matchingType: 0, data: data).isUsable == isUsable)
    }

    static func set(_ texts: String...) -> [TLSARecord] { texts.compactMap { try? TLSARecord(parsing: $0) } }

    @Test("DANE-43 the strongest digest for each usage and selector, and Full(0)")
    func agility() {
        let records = Self.set("3 1 1 aa", "3 1 2 bb", "2 0 1 cc", "3 1 0 dd", "3 0 1 ee", "3 1 2 ff")
        #expect(
            DigestOrder.standard.strongest(of: records).map(\.description) == [
                "3 1 2 bb", "2 0 1 cc", "3 1 0 dd", "3 0 1 ee", "3 1 2 ff",
            ])
    }

    @Test("DANE-44 the order is configurable, and what it does not name ranks last")
    func configuredOrder() {
        let records = Self.set("3 1 1 aa", "3 1 2 bb")
        #expect(DigestOrder([1, 2]).strongest(of: records).map(\.matchingType) == [1])
        #expect(DigestOrder([1]).strongest(of: records).map(\.matchingType) == [1])
        #expect(DigestOrder([]).strongest(of: Self.set("3 1 2 bb")).count == 1)
        #expect(DigestOrder.standard.strongest(of: []).isEmpty)
    }

    @Test(
        "Presentation form is read",
        arguments: [
            ("3 1 1 AB12", "3 1 1 ab12", nil), ("3  1\t1 ab 12", "3 1 1 ab12", nil), ("255 0 9 00", "255 0 9 00", nil),
            ("", "", .missingField), ("3 1 1", "", .missingField), ("3 1 1 abc", "", .oddDigits),
            ("3 1 1 xy", "", .notHexadecimal), ("256 1 1 ab", "", .notANumber("256")),
            ("+3 1 1 ab", "", .notANumber("+3")), ("-1 1 1 ab", "", .notANumber("-1")),
            ("3 1 1 ab,cd", "", .notHexadecimal),
        ] as [(String, String, TLSATextError?)])
    func text(text: String, expected: String, error: TLSATextError?) {
        do throws(TLSATextError) {
            let record = try TLSARecord(parsing: text)
            #expect(error == nil)
            #expect(record.description == expected)
        } catch let found {
            #expect(found == error)
        }
    }

    @Test("Data of a record as long as RDATA can hold is read, one octet more is not")
    func dataLimit() throws {
        let atLimit = String(repeating: "ab", count: TLSARecord.dataLimit)
        #expect(try TLSARecord(parsing: "3 0 0 \(atLimit)").data.count == TLSARecord.dataLimit)
        #expect(throws: TLSATextError.tooLong) { try TLSARecord(parsing: "3 0 0 \(atLimit)ab") }
    }

    @Test("A description shows a digest in full and cuts a certificate short")
    func description() {
        let digest = TLSARecord(usage: 3, selector: 1, matchingType: 2, data: [UInt8](repeating: 0x0F, count: 64))
        #expect(digest.description == "3 1 2 " + String(repeating: "0f", count: 64))
        let long = TLSARecord(usage: 3, selector: 0, matchingType: 0, data: [UInt8](repeating: 0x0F, count: 65))
        #expect(long.description == "3 0 0 " + String(repeating: "0f", count: 64) + "…")
    }
}
