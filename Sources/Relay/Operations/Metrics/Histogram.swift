/// How long things took, for each value of a label, in fixed buckets.
struct HistogramBy<A: Hashable & Sendable>: MetricFamily {
    let head: MetricHead
    private let label: LabelSet<A>
    /// Upper bounds in milliseconds, ascending; one more bucket without a bound lies behind them.
    private let bounds: [Int64]
    /// For each value of the label its buckets, none of them holding what is in another.
    private let cells: CounterCells
    /// Milliseconds, for each value of the label.
    private let sums: CounterCells

    init(_ name: String, _ help: String, _ label: LabelSet<A>, milliseconds bounds: [Int64]) {
        head = MetricHead(name, .histogram, help)
        self.label = label
        self.bounds = bounds
        cells = CounterCells(count: label.count * (bounds.count + 1))
        sums = CounterCells(count: label.count)
    }

    /// A bound is inclusive: `le`. A time that ran backwards counts as none.
    func observe(_ value: A, milliseconds: Int64) {
        let time = max(0, milliseconds)
        let place = label.place(of: value)
        var bucket = 0
        while bucket < bounds.count, bounds[bucket] < time { bucket += 1 }
        cells.add(at: place * (bounds.count + 1) + bucket)
        sums.add(UInt64(time), at: place)
    }

    func append(to text: inout Exposition) {
        text.begin(head)
        for (place, word) in label.words.enumerated() {
            var total: UInt64 = 0
            for bucket in 0...bounds.count {
                total &+= cells.value(at: place * (bounds.count + 1) + bucket)
                let bound = bucket < bounds.count ? Self.seconds(UInt64(bounds[bucket])) : "+Inf"
                text.sample(
                    head.name + "_bucket", labels: Exposition.labels([(label.name, word), ("le", bound)]),
                    total.metricText)
            }
            let labels = Exposition.labels([(label.name, word)])
            text.sample(head.name + "_sum", labels: labels, Self.seconds(sums.value(at: place)))
            // The same sum as the last bucket: a scrape between two additions is consistent all the same.
            text.sample(head.name + "_count", labels: labels, total.metricText)
        }
    }

    /// Exact, however large: a Double would not be.
    static func seconds(_ milliseconds: UInt64) -> String {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return "\(whole)" }
        let digits = "\(rest)"
        var fraction = String(repeating: "0", count: 3 - digits.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }
}
