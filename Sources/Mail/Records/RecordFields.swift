/// The grammar that the TXT records of MTA-STS and TLS-RPT share (RFC 8461 §3.1, RFC 8460 §3): a version, then fields
/// `name=value`, with `;` and blanks between them and a last `;` that may be missing.
struct RecordFields {
    struct Field {
        let name: String
        /// Never empty; which octets it may hold depends on the field.
        let value: ArraySlice<UInt8>

        /// `sts-ext-value`, `tlsrpt-ext-value`: printable US-ASCII without `=`, `;` and blanks.
        var isPlain: Bool {
            value.allSatisfy { ASCII.isPrintable($0) && $0 != ASCII.space && $0 != UInt8(ascii: "=") }
        }
    }

    /// In the order of the record; at least one.
    let fields: [Field]

    /// Octets of a field's name: `(ALPHA / DIGIT) *31(…)`.
    static let nameLimit = 32

    /// Reads a record that begins with a version, which is not looked at.
    init(_ record: [UInt8]) throws(RecordFault) {
        var pieces = Array(record.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).dropFirst())
        let isTerminated = pieces.last?.allSatisfy(ASCII.isBlank) ?? false
        if isTerminated { pieces.removeLast() }
        guard !pieces.isEmpty else { throw RecordFault("there is no field after the version") }
        var fields: [Field] = []
        for (index, piece) in pieces.enumerated() {
            let text = piece.drop(while: ASCII.isBlank)
            // Blanks may stand before a ";". Those at the very end are the reader's affair.
            let isFollowed = isTerminated || index + 1 < pieces.count
            fields.append(try Self.field(isFollowed ? Self.trimmedAtEnd(text) : text))
        }
        self.fields = fields
    }

    private static func field(_ text: ArraySlice<UInt8>) throws(RecordFault) -> Field {
        guard !text.isEmpty else { throw RecordFault("a field is empty") }
        guard let sign = text.firstIndex(of: UInt8(ascii: "=")) else {
            throw RecordFault("\"\(quoted(text))\" is no field: \"name=value\" is due")
        }
        let name = text[..<sign]
        guard isName(name) else { throw RecordFault("\"\(quoted(name))\" is no name of a field") }
        let value = text[(sign + 1)...]
        guard !value.isEmpty else { throw RecordFault("\"\(quoted(name))\" has no value") }
        return Field(name: String(decoding: name, as: UTF8.self), value: value)
    }

    /// Letters, digits, and from the second octet on `_`, `-` and `.`. Policies name their keys so too (RFC 8461 §3.2).
    static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, ASCII.isAlphanumeric(first), name.count <= nameLimit else { return false }
        return name.allSatisfy {
            ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
    }

    static func trimmedAtEnd(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let last = text.lastIndex(where: { !ASCII.isBlank($0) }) else { return text.prefix(0) }
        return text[...last]
    }

    /// Octets of a stranger's text that are shown in a fault.
    static let quoteLimit = 60

    /// `text` for a sentence: safe for a log, and cut at ``quoteLimit``.
    static func quoted(_ text: ArraySlice<UInt8>) -> String {
        SafeText.string(text.prefix(quoteLimit)) + (text.count > quoteLimit ? "…" : "")
    }

    /// The one record of the set that begins with `version` and passes `isCandidate`, which is handed what follows the
    /// version (STS-04, RPTC-02).
    static func only(
        _ version: String, in records: [[UInt8]], _ isCandidate: (ArraySlice<UInt8>) -> Bool
    ) throws(RecordFault) -> [UInt8] {
        let candidates = records.filter { $0.starts(with: version.utf8) && isCandidate($0[version.utf8.count...]) }
        guard let first = candidates.first else { throw RecordFault("no record begins with \"\(version);\"") }
        guard candidates.count == 1 else {
            throw RecordFault("\(candidates.count) records begin with \"\(version);\", and only one may")
        }
        return first
    }
}

/// Why a record does not count: one sentence without a full stop, safe for a log.
struct RecordFault: Error, Hashable, Sendable {
    let words: String

    init(_ words: String) {
        self.words = words
    }
}
