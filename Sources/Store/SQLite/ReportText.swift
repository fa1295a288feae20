import FoundationEssentials
import GRDB
import Mail

// How words of reports lie in columns. What a stranger had a say in is bounded here, before anything is compared.

extension ReportedPolicy {
    /// As it is counted: what goes beyond ``ReportLimits/policyText`` is left out, whole texts at a time from the end,
    /// `mx-host` first.
    var bounded: ReportedPolicy {
        if octets <= ReportLimits.policyText { return self }
        var rest = ReportLimits.policyText
        func fitting(_ texts: [String]) -> [String] {
            Array(
                texts.prefix { text in
                    rest -= text.countedOctets
                    return rest >= 0
                })
        }
        var policy = self
        policy.strings = fitting(strings)
        policy.mxHosts = policy.strings.count == strings.count ? fitting(mxHosts) : []
        return policy
    }

    /// What ``ReportLimits/policyText`` bounds.
    var octets: Int {
        strings.reduce(0) { $0 &+ $1.countedOctets } &+ mxHosts.reduce(0) { $0 &+ $1.countedOctets }
    }

    var isBare: Bool { strings.isEmpty && mxHosts.isEmpty }
}

extension String {
    // One more for its end, so that empty ones are bounded as well.
    fileprivate var countedOctets: Int { utf8.count &+ 1 }

    /// A text ends at its first NUL on the way through SQLite: cut there, so that what is looked for is what was stored.
    func cutForColumn(to limit: Int) -> String {
        let cut = cut(to: limit)
        return cut.utf8.contains(0) ? String(cut.prefix { $0 != "\0" }) : cut
    }
}

extension FailureDetail {
    /// As it is counted.
    var bounded: FailureDetail {
        var detail = self
        detail.reasonCode = reasonCode?.cutForColumn(to: ReportLimits.detailText)
        detail.receivingHost = receivingHost?.cutForColumn(to: ReportLimits.detailText)
        detail.receivingHELO = receivingHELO?.cutForColumn(to: ReportLimits.detailText)
        return detail
    }

    /// True where it says nothing of hosts and addresses: it sums up those of its type and reason code.
    var isBare: Bool {
        sendingAddress == nil && receivingHost == nil && receivingHELO == nil && receivingAddress == nil
    }
}

extension Columns {
    /// A domain name in the one form it is written in.
    mutating func domainName() throws -> DomainName {
        let text = try text()
        guard let name = try? DomainName(text), name.text == text else { throw DamagedRow(what: "no domain name") }
        return name
    }

    /// What ``JSONText/array(_:)`` wrote.
    mutating func texts() throws -> [String] {
        let text = try text()
        if text == "[]" { return [] }
        guard let texts = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
            throw DamagedRow(what: "no list of texts")
        }
        return texts
    }

    mutating func count() throws -> Int64 {
        let count = try int64()
        if count < 0 { throw DamagedRow(what: "a count below zero") }
        return count
    }
}

extension Statement {
    /// Rows that can be read, at most `limit`: damaged ones take no place of a page.
    func soundRows<Value>(
        _ values: [DatabaseValue], limit: Int, _ read: (inout Columns) throws -> Value
    ) throws -> [Value] {
        if limit <= 0 { return [] }
        let cursor = try Row.fetchCursor(self, arguments: .of(values))
        var result: [Value] = []
        while result.count < limit, let row = try cursor.next() {
            var columns = Columns(row)
            do {
                result.append(try read(&columns))
            } catch is DamagedRow {
                continue
            }
        }
        return result
    }
}
