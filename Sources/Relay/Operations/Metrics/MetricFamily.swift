import Synchronization

/// Something that a scrape shows: a head, and samples.
protocol MetricFamily: Sendable {
    var head: MetricHead { get }
    func append(to text: inout Exposition)
}

/// The values of one label, known before the first event: causes, levels, results, listeners. Never what a stranger
/// chooses, as a domain or an address is: each value is a series that a server keeps for years.
///
/// What is not among the values counts as the last one.
struct LabelSet<Value: Hashable & Sendable>: Sendable {
    let name: String
    let words: [String]
    let values: [Value]
    private let places: [Value: Int]

    /// `values` with their words, each once.
    init(_ name: String, _ values: [(value: Value, word: String)]) {
        self.name = name
        words = values.map(\.word)
        self.values = values.map(\.value)
        places = Dictionary(
            values.enumerated().map { ($0.element.value, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    var count: Int { words.count }

    func place(of value: Value) -> Int { places[value] ?? words.count - 1 }
}

extension LabelSet where Value: RawRepresentable, Value.RawValue == String {
    init(_ name: String, _ values: [Value]) {
        self.init(name, values.map { ($0, $0.rawValue) })
    }
}

/// Numbers that only grow, side by side. An update is one relaxed addition: no lock, nothing allocated.
final class CounterCells: @unchecked Sendable {
    // @unchecked Sendable because the pointer never changes, and all that lies behind it is atomic.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    let count: Int

    init(count: Int) {
        self.count = max(1, count)
        cells = .allocate(capacity: self.count)
        for place in 0..<self.count { (cells + place).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    func add(_ number: UInt64 = 1, at place: Int) {
        guard place >= 0, place < count else { return }
        cells[place].wrappingAdd(number, ordering: .relaxed)
    }

    func value(at place: Int) -> UInt64 {
        guard place >= 0, place < count else { return 0 }
        return cells[place].load(ordering: .relaxed)
    }
}

/// Counters with the text of their labels ready. Every series stands there from the start at 0, so that rate() sees the
/// first event.
private struct Series: Sendable {
    let place: Int
    let labels: String
}

extension [Series] {
    fileprivate func append(_ head: MetricHead, _ cells: CounterCells, to text: inout Exposition) {
        text.begin(head)
        for one in self { text.sample(head.name, labels: one.labels, cells.value(at: one.place).metricText) }
    }
}

/// A counter without labels.
struct Counter: MetricFamily {
    let head: MetricHead
    private let cells = CounterCells(count: 1)

    init(_ name: String, _ help: String) {
        head = MetricHead(name, .counter, help)
    }

    func add(_ number: UInt64 = 1) { cells.add(number, at: 0) }

    var value: UInt64 { cells.value(at: 0) }

    func append(to text: inout Exposition) {
        text.begin(head)
        text.sample(head.name, value.metricText)
    }
}

/// A counter for each value of a label.
struct CounterBy<A: Hashable & Sendable>: MetricFamily {
    let head: MetricHead
    let a: LabelSet<A>
    private let cells: CounterCells
    private let series: [Series]

    init(_ name: String, _ help: String, _ a: LabelSet<A>) {
        head = MetricHead(name, .counter, help)
        self.a = a
        cells = CounterCells(count: a.count)
        series = a.words.enumerated().map {
            Series(place: $0.offset, labels: Exposition.labels([(a.name, $0.element)]))
        }
    }

    func add(_ a: A, _ number: UInt64 = 1) { cells.add(number, at: self.a.place(of: a)) }

    func value(_ a: A) -> UInt64 { cells.value(at: self.a.place(of: a)) }

    func append(to text: inout Exposition) { series.append(head, cells, to: &text) }
}

/// A counter for each pair of two labels.
struct CounterBy2<A: Hashable & Sendable, B: Hashable & Sendable>: MetricFamily {
    let head: MetricHead
    private let a: LabelSet<A>
    private let b: LabelSet<B>
    private let cells: CounterCells
    private let series: [Series]

    /// - Parameter isMeant: false for pairs that never come about: they are not shown.
    init(
        _ name: String, _ help: String, _ a: LabelSet<A>, _ b: LabelSet<B>,
        where isMeant: (A, B) -> Bool = { _, _ in true }
    ) {
        head = MetricHead(name, .counter, help)
        self.a = a
        self.b = b
        cells = CounterCells(count: a.count * b.count)
        var series: [Series] = []
        for (first, one) in a.values.enumerated() {
            for (second, other) in b.values.enumerated() where isMeant(one, other) {
                series.append(
                    Series(
                        place: first * b.count + second,
                        labels: Exposition.labels([(a.name, a.words[first]), (b.name, b.words[second])])))
            }
        }
        self.series = series
    }

    func add(_ a: A, _ b: B, _ number: UInt64 = 1) { cells.add(number, at: place(a, b)) }

    func value(_ a: A, _ b: B) -> UInt64 { cells.value(at: place(a, b)) }

    private func place(_ a: A, _ b: B) -> Int { self.a.place(of: a) * self.b.count + self.b.place(of: b) }

    func append(to text: inout Exposition) { series.append(head, cells, to: &text) }
}

/// A counter for each triple of three labels.
struct CounterBy3<A: Hashable & Sendable, B: Hashable & Sendable, C: Hashable & Sendable>: MetricFamily {
    let head: MetricHead
    private let a: LabelSet<A>
    private let b: LabelSet<B>
    private let c: LabelSet<C>
    private let cells: CounterCells
    private let series: [Series]

    /// - Parameter isMeant: false for triples that never come about: they are not shown.
    init(
        _ name: String, _ help: String, _ a: LabelSet<A>, _ b: LabelSet<B>, _ c: LabelSet<C>,
        where isMeant: (A, B, C) -> Bool
    ) {
        head = MetricHead(name, .counter, help)
        self.a = a
        self.b = b
        self.c = c
        cells = CounterCells(count: a.count * b.count * c.count)
        var series: [Series] = []
        for (first, one) in a.values.enumerated() {
            for (second, other) in b.values.enumerated() {
                for (third, last) in c.values.enumerated() where isMeant(one, other, last) {
                    let words = [(a.name, a.words[first]), (b.name, b.words[second]), (c.name, c.words[third])]
                    series.append(
                        Series(
                            place: (first * b.count + second) * c.count + third, labels: Exposition.labels(words)))
                }
            }
        }
        self.series = series
    }

    func add(_ a: A, _ b: B, _ c: C, _ number: UInt64 = 1) { cells.add(number, at: place(a, b, c)) }

    func value(_ a: A, _ b: B, _ c: C) -> UInt64 { cells.value(at: place(a, b, c)) }

    private func place(_ a: A, _ b: B, _ c: C) -> Int {
        (self.a.place(of: a) * self.b.count + self.b.place(of: b)) * self.c.count + self.c.place(of: c)
    }

    func append(to text: inout Exposition) { series.append(head, cells, to: &text) }
}
