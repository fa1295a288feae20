public import Mail
public import TLS

/// A signing key and its record, as `relayctl dkim` shows them. The private part is not in it.
public struct DKIMKeyDocument: Encodable, Hashable, Sendable {
    let domain: Nullable<String>
    let selector: Nullable<String>
    let keyType: String
    let bits: Int
    let use: String
    let notBefore: Nullable<Int64>
    let file: String
    /// Where the record belongs; `null` where domain and selector are not known.
    let name: Nullable<String>
    /// The text of the record, on one line.
    let record: String
    /// The same for a zone file; without a name, its strings alone.
    let zoneFile: [String]
    /// Whether DNS has it so; `null` where that was not asked, or is not known.
    let published: Nullable<Bool>
    /// Why not.
    let why: Nullable<String>

    /// - Parameters:
    ///   - place: domain and selector.
    ///   - publication: nil where DNS was not asked.
    public init(
        _ key: DKIMPrivateKey, at place: (domain: DomainName, selector: DomainName)?, file: String,
        isForReports: Bool = false, notBefore: WallTime? = nil, publication: DKIMPublication? = nil
    ) {
        // Without s=, also for reports (D8): ordinary verifiers take the key then, and dkimpy reads no list there.
        let record = DKIMKeyRecord(keyType: key.keyType, publicKey: key.publicKey)
        let name = place.flatMap { try? DomainName("\($0.selector)._domainkey.\($0.domain)") }
        domain = Nullable(place?.domain.text)
        selector = Nullable(place?.selector.text)
        keyType = key.keyType.rawValue
        bits = key.bits
        use = (isForReports ? Configuration.WrittenKey.Use.reports : .mail).rawValue
        self.notBefore = Nullable(notBefore?.seconds)
        self.file = file
        self.name = Nullable(name?.text)
        self.record = record.text
        zoneFile = name.map { record.zoneFileLines(name: $0) } ?? record.strings.map { "\"\($0)\"" }
        switch publication {
        case nil: (published, why) = (Nullable(nil), Nullable(nil))
        case .published: (published, why) = (Nullable(true), Nullable(nil))
        case .unfit(let words): (published, why) = (Nullable(false), Nullable("the record \(words)"))
        case .unknown(let words): (published, why) = (Nullable(nil), Nullable("the record \(words)"))
        }
    }

    var kind: String { keyType == DKIMKeyType.rsa.rawValue ? "RSA, \(bits) bits" : "Ed25519" }

    /// The `[[dkim.key]]` for it.
    var table: String {
        var lines = ["[[dkim.key]]"]
        for (key, value) in [("domain", domain.value), ("selector", selector.value), ("file", file)] {
            lines.append("\(key) = \(Self.tomlString(value ?? ""))")
        }
        if use == Configuration.WrittenKey.Use.reports.rawValue { lines.append("use = \"\(use)\"") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// As a basic string of TOML, on one line whatever it holds.
    static func tomlString(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || LogLine.isUnsafe(scalar):
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// `relayctl dkim keygen`
public struct DKIMKeygenDocument: CheckDocument {
    let keys: [DKIMKeyDocument]
    /// The `[[dkim.key]]` tables of the keys.
    let configuration: String

    public init(_ keys: [DKIMKeyDocument]) {
        self.keys = keys
        configuration = keys.map(\.table).joined(separator: "\n")
    }

    /// Where the keys are.
    public var paths: [String] { keys.map(\.file) }

    public var isGood: Bool { true }

    // What is to be copied stands at the start of its line, and is never broken.
    public func text(_ style: TextStyle) -> String {
        var text = style.paint(keys.count == 1 ? "Made a key" : "Made \(keys.count) keys", .bold) + "\n"
        for key in keys { text += style.field(key.kind, key.file, width: 16, indent: 2) }
        text += "\n" + style.paint("For the zone file", .bold) + "\n"
        text += keys.flatMap(\.zoneFile).joined(separator: "\n") + "\n"
        text += "\n" + style.paint("The same for a web form: a name, and below it its TXT record", .bold) + "\n"
        text += keys.map { "\($0.name.value ?? "")\n\($0.record)\n" }.joined()
        text += "\n" + style.paint("For the configuration", .bold) + "\n" + configuration
        text += "\n" + style.paint("What to do next", .bold) + "\n"
        for (index, step) in Self.steps.enumerated() { text += style.field("\(index + 1).", step, width: 3) }
        return text
    }

    private static let steps = [
        "Publish the records.",
        "Put the tables into relayd.toml. The files must be of the user of relayd: chown waxwing FILE.",
        "Wait until the records are seen: sudo -u waxwing relayctl dkim record (exit 0).",
        "Restart relayd, which reads its keys at start: sudo systemctl restart waxwing.",
    ]
}
