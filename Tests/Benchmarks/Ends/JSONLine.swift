import Glibc

/// One flat object on one line, its members in the order they were added.
struct JSONLine {
    private var members: [String] = []

    var text: String { "{\(members.joined(separator: ", "))}" }

    mutating func add(_ name: String, _ number: Int) {
        members.append("\"\(name)\": \(number)")
    }

    mutating func add(_ name: String, _ number: UInt64) {
        members.append("\"\(name)\": \(number)")
    }

    mutating func add(_ name: String, _ number: Double, decimals: Int) {
        let scale = pow(10, Double(decimals))
        members.append("\"\(name)\": \((number * scale).rounded() / scale)")
    }

    /// Three members, in microseconds.
    mutating func add(_ name: String, _ latencies: LatencyHistogram) {
        add("\(name)_p50", Double(latencies.percentile(50)) / 1000, decimals: 1)
        add("\(name)_p99", Double(latencies.percentile(99)) / 1000, decimals: 1)
        add("\(name)_max", Double(latencies.maximum) / 1000, decimals: 1)
    }
}
