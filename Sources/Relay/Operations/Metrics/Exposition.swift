/// The text exposition format of Prometheus, version 0.0.4: what a scrape reads.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
struct Exposition {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// The two lines above the samples of a family.
    mutating func begin(_ head: MetricHead) {
        text += "# HELP \(head.name) \(Self.escaped(head.help, quoted: false))\n"
        text += "# TYPE \(head.name) \(head.kind.rawValue)\n"
    }

    /// One sample. `name` is the family's, for histograms with its suffix; `labels` come from ``labels(_:)``.
    mutating func sample(_ name: String, labels: String = "", _ value: String) {
        text += "\(name)\(labels) \(value)\n"
    }

    /// A family with one sample; nothing at all where the value is not known.
    mutating func family(_ name: String, _ kind: MetricHead.Kind, _ help: String, _ value: (some MetricNumber)?) {
        guard let value else { return }
        begin(MetricHead(name, kind, help))
        sample(name, value.metricText)
    }

    /// A family with a sample for each value of one label; without the values that are not known, and nothing where none is.
    mutating func family(
        _ name: String, _ kind: MetricHead.Kind, _ help: String, by label: String,
        _ values: [(String, (some MetricNumber)?)]
    ) {
        let known = values.compactMap { word, value in value.map { (word, $0) } }
        guard !known.isEmpty else { return }
        begin(MetricHead(name, kind, help))
        for (word, value) in known { sample(name, labels: Self.labels([(label, word)]), value.metricText) }
    }

    /// `{name="value",…}`; empty without labels.
    static func labels(_ pairs: [(String, String)]) -> String {
        guard !pairs.isEmpty else { return "" }
        return "{" + pairs.map { "\($0)=\"\(escaped($1, quoted: true))\"" }.joined(separator: ",") + "}"
    }

    /// > label_value can be any sequence of UTF-8 characters, but the backslash (\), double-quote ("), and line feed (\n)
    /// > characters have to be escaped. […] HELP: backslash and the line feed.
    private static func escaped(_ text: String, quoted: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quoted: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Name, type and meaning of a family of samples.
struct MetricHead: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    /// `waxwing_…`, or `process_…` where the convention has a name: base units, `_total` behind counters.
    let name: String
    let kind: Kind
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// A number as the format spells it.
protocol MetricNumber: Sendable {
    var metricText: String { get }
}

extension Int: MetricNumber { var metricText: String { description } }
extension Int64: MetricNumber { var metricText: String { description } }
extension UInt64: MetricNumber { var metricText: String { description } }

extension Bool: MetricNumber { var metricText: String { self ? "1" : "0" } }

extension Double: MetricNumber {
    /// As Go's strconv.ParseFloat() reads it.
    var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self > 0 ? "+Inf" : "-Inf" }
        return description
    }
}
