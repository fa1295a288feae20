/// What is wrong with a report, each thing once, in bounded number.
///
/// A class, so that the parts of one report add to one list; it lives for one reading only.
final class ReportFaults {
    private(set) var words: [String] = []

    func add(_ sentence: String) {
        guard words.count < ReceivedReport.faultLimit, !words.contains(sentence) else { return }
        words.append(sentence)
    }

    /// Octets of a stranger's word that are repeated.
    private static let shownLimit = 60

    /// A stranger's word in quotation marks, on one line, cut.
    static func shown(_ text: String) -> String {
        let cut = text.utf8.count > shownLimit ? SafeText.string(Array(text.utf8.prefix(shownLimit))) + "..." : text
        return "\"\(cut.utf8.allSatisfy(ASCII.isPrintable) ? cut : SafeText.string(Array(cut.utf8)))\""
    }
}

/// The members of one object of a report, read as what they should be; what they are instead is a fault.
struct ReportFields {
    private let members: [JSONNode.Member]
    private let place: String
    private let faults: ReportFaults

    init(_ members: [JSONNode.Member], of place: String, _ faults: ReportFaults) {
        self.members = members
        self.place = place
        self.faults = faults
    }

    /// Nil where it is missing or null. Of two of one name the last counts, as most readers have it.
    private func value(_ name: String) -> JSONNode? {
        let found = members.filter { $0.name == name }
        if found.count > 1 { faults.add("\(name) stands twice in \(place)") }
        if found.last?.value == .null {
            faults.add("\(name) is null")
            return nil
        }
        return found.last?.value
    }

    /// Says so, unless it is there and another fault says what is wrong with it.
    func noteMissing(_ name: String) {
        if !members.contains(where: { $0.name == name }) { faults.add("\(name) is missing") }
    }

    /// Nil where there is none; an empty one is none.
    func text(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        switch value {
        case .string(let text):
            if text.isEmpty { faults.add("\(name) is empty") }
            return text.isEmpty ? nil : text
        case .number(let text):
            faults.add("\(name) is a number, not a string")
            return text
        default:
            faults.add("\(name) is \(value.kind), not a string")
            return nil
        }
    }

    /// A list of strings; a single one counts as a list of one.
    func texts(_ name: String) -> [String] {
        guard let value = value(name) else { return [] }
        switch value {
        case .array(let nodes):
            return nodes.compactMap { node in
                if case .string(let text) = node { return text }
                faults.add("\(name) has \(node.kind) in it, not only strings")
                return nil
            }
        case .string(let text):
            faults.add("\(name) is a single string, not an array of them")
            return [text]
        default:
            faults.add("\(name) is \(value.kind), not an array of strings")
            return []
        }
    }

    func object(_ name: String) -> ReportFields? {
        guard let value = value(name) else { return nil }
        if case .object(let members) = value { return ReportFields(members, of: name, faults) }
        faults.add("\(name) is \(value.kind), not an object")
        return nil
    }

    /// A list of objects; a single one counts as a list of one, and what is no object is passed over. Nil where there is
    /// neither.
    func objects(_ name: String) -> [ReportFields]? {
        guard let value = value(name) else { return nil }
        switch value {
        case .array(let nodes):
            return nodes.compactMap { node in
                if case .object(let members) = node { return ReportFields(members, of: "an entry of \(name)", faults) }
                faults.add("\(name) has \(node.kind) in it, not only objects")
                return nil
            }
        case .object(let members):
            faults.add("\(name) is a single object, not an array of them")
            return [ReportFields(members, of: name, faults)]
        default:
            faults.add("\(name) is \(value.kind), not an array")
            return nil
        }
    }

    /// 0 where there is none.
    func count(_ name: String) -> Int64 {
        guard let value = value(name) else {
            noteMissing(name)
            return 0
        }
        let text: String
        switch value {
        case .number(let digits): text = digits
        case .string(let digits):
            faults.add("\(name) is a string, not a number")
            text = digits
        default:
            faults.add("\(name) is \(value.kind), not a number")
            return 0
        }
        if let count = Int64(text), count >= 0 { return count }
        faults.add("\(name) is no count: \(ReportFaults.shown(text))")
        // 3.0 and 1e3 are whole numbers to JSON; what is below zero or beyond the range is not a count.
        guard let number = Double(text), number >= 0 else { return 0 }
        return Int64(exactly: number.rounded(.down)) ?? JSONText.largestInteger
    }
}

/// A date of a report: as RFC 3339 §5.6 has it, or as others write it.
struct LenientTime {
    let time: WallTime
    /// What follows the name of the field in a sentence.
    let fault: String?

    /// `2026-11-20T00:00:00Z`; without zone, with another zone or a fraction, with a blank for the T, or the date alone.
    init?(_ text: String) {
        let octets = Array(text.utf8)
        guard octets.count >= 10, octets.count <= 40,
            let day = ReportDay(text: String(decoding: octets[..<10], as: UTF8.self))
        else { return nil }
        if octets.count == 10 {
            self.time = day.start
            self.fault = "is a date without a time"
            return
        }
        let clock = octets[11...].prefix(8)
        let numbers = clock.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(octets[10]),
            numbers.map(\.count) == [2, 2, 2]
        else { return nil }
        let values = numbers.compactMap { ASCII.decimal($0, as: Int64.self) }
        // RFC 3339 §5.6: a leap second is 60.
        guard values.count == 3, values[0] <= 24, values[1] <= 59, values[2] <= 60 else { return nil }
        var rest = octets[19...]
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: ASCII.isDigit) }
        guard let offset = Self.offset(rest) else { return nil }
        time = day.start.advanced(by: values[0] * 3600 + values[1] * 60 + values[2] - offset)
        fault =
            rest.isEmpty ? "has no time zone" : octets[10] == UInt8(ascii: " ") ? "has a blank in place of the T" : nil
    }

    /// Seconds east of UTC; UTC where there is none.
    private static func offset(_ zone: ArraySlice<UInt8>) -> Int64? {
        guard let sign = zone.first else { return 0 }
        if sign | 0x20 == UInt8(ascii: "z") { return zone.count == 1 ? 0 : nil }
        let digits = zone.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 4,
            let hours = ASCII.decimal(digits[..<2], as: Int64.self),
            let minutes = ASCII.decimal(digits[2...], as: Int64.self),
            hours <= 23, minutes <= 59
        else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}
