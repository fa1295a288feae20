/// What is to be said to whoever publishes an MTA-STS policy text: whether it is valid, and what is unwise about it.
public struct STSLint: Hashable, Sendable {
    public let result: Result<STSPolicy, STSPolicyFault>
    /// In the order of the lines; empty for a text that is invalid.
    public let warnings: [STSPolicyFault]

    /// Seconds of `max_age` below which a policy hardly protects: RFC 8461 §3.2 expects weeks or more, and an attacker
    /// only has to hold out that long.
    public static let shortAge: Int64 = 86_400
    /// Warnings of one text; the rest would say the same.
    public static let warningLimit = 50

    public init(_ text: [UInt8]) {
        do throws(STSPolicyFault) {
            let policy = try STSPolicy(parsing: text)
            result = .success(policy)
            warnings = Array(Self.warnings(policy, STSLint.lines(text)).prefix(Self.warningLimit))
        } catch {
            result = .failure(error)
            warnings = []
        }
    }

    private static func warnings(_ policy: STSPolicy, _ lines: [String: [Int]]) -> [STSPolicyFault] {
        var found: [STSPolicyFault] = []
        switch policy.mode {
        case .enforce: break
        case .testing:
            found.append(
                STSPolicyFault(
                    "mode testing protects nobody: failures are reported and mail goes on; set \"mode: enforce\" once reports "
                        + "are clean", line: lines["mode"]?.first))
        case .none:
            found.append(
                STSPolicyFault(
                    "mode none says that there is no policy: right for taking leave of MTA-STS, and for nothing else",
                    line: lines["mode"]?.first))
        }
        if policy.maxAge < shortAge {
            found.append(
                STSPolicyFault(
                    "max_age of \(policy.maxAge) seconds is less than a day: an attacker need only outlast it; write 604800 (a "
                        + "week) or more", line: lines["max_age"]?.first))
        }
        var seen: Set<MXPattern> = []
        let places = lines["mx"] ?? []
        for (number, pattern) in policy.patterns.enumerated() {
            let line = number < places.count ? places[number] : nil
            if !seen.insert(pattern).inserted {
                found.append(STSPolicyFault("mx \(pattern) stands here a second time: take it out", line: line))
            } else if let words = warning(pattern) {
                found.append(STSPolicyFault("mx \(pattern) \(words)", line: line))
            }
        }
        return found.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
    }

    /// What is odd about a pattern that the grammar allows.
    private static func warning(_ pattern: MXPattern) -> String? {
        guard pattern.name.labels.count < 2 else { return nil }
        // RFC 8461 §4.1: a wildcard stands for one label, so this is every name right below a top-level domain.
        return pattern.isWildcard
            ? "matches the hosts of strangers: name your own domain"
            : "is a single label, which no MX host on the internet is called: write the full name"
    }

    /// The numbers of the lines each key stands on.
    private static func lines(_ text: [UInt8]) -> [String: [Int]] {
        var numbers: [String: [Int]] = [:]
        for (index, line) in text.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).enumerated() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            numbers[String(decoding: line[..<colon], as: UTF8.self), default: []].append(index + 1)
        }
        return numbers
    }
}
