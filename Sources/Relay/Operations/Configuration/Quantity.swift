/// Spans of time as the configuration spells them: `90s`, `5m`, `1h30m`, `5d`.
///
/// Numbers with the units d, h, m, s (and ms), each at most once, the larger first; `0` alone needs no unit.
enum DurationText {
    /// Milliseconds of each unit, in the order in which they must stand.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = text[...]
        var total: Int64 = 0
        var next = 0
        while !rest.isEmpty {
            guard let (number, unit) = takeQuantity(&rest),
                let position = units.firstIndex(where: { $0.name == unit }), position >= next
            else { return nil }
            let (part, tooBig) = number.multipliedReportingOverflow(by: units[position].milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(part)
            if tooBig || overflow { return nil }
            total = sum
            next = position + 1
        }
        return next == 0 ? nil : .milliseconds(total)
    }

    /// The spelling people use: `90s`, not `1m30s`; `2h`, not `120m`.
    static func spell(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if seconds < 120 {
            if milliseconds == 0 { return "\(seconds)s" }
            return seconds == 0 ? "\(milliseconds)ms" : "\(seconds)s\(milliseconds)ms"
        }
        let parts = [
            ("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60),
        ]
        let text = parts.filter { $0.1 != 0 }.map { "\($0.1)\($0.0)" }.joined()
        return milliseconds == 0 ? text : "\(text)\(milliseconds)ms"
    }
}

/// Numbers of octets as the configuration spells them: `35 MB`, `1 GB`, `256 KiB`, `512 B`.
///
/// kB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of 1024. A blank before the unit may be left out.
enum SizeText {
    private static let units: [(names: [String], octets: Int)] = [
        (["TB"], 1_000_000_000_000), (["TiB"], 1 << 40), (["GB"], 1_000_000_000), (["GiB"], 1 << 30),
        (["MB"], 1_000_000), (["MiB"], 1 << 20), (["kB", "KB"], 1000), (["KiB"], 1 << 10), (["B"], 1),
    ]

    static func parse(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var rest = text[...]
        guard let (number, unit) = takeQuantity(&rest, blank: true), rest.isEmpty,
            let octets = units.first(where: { $0.names.contains(unit) })?.octets,
            let count = Int(exactly: number)
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: octets)
        return overflow ? nil : product
    }

    /// The largest unit that leaves no remainder.
    static func spell(_ octets: Int) -> String {
        for unit in units where octets != 0 && octets % unit.octets == 0 {
            return "\(octets / unit.octets) \(unit.names[0])"
        }
        return "0"
    }
}

/// Takes `12ab` from the front of `text`: digits, then letters.
private func takeQuantity(_ text: inout Substring, blank: Bool = false) -> (number: Int64, unit: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(strictly: digits) else { return nil }
    text.removeFirst(digits.count)
    if blank, text.first == " " { text.removeFirst() }
    let unit = text.prefix { $0.isASCII && $0.isLetter }
    text.removeFirst(unit.count)
    return unit.isEmpty ? nil : (number, String(unit))
}
