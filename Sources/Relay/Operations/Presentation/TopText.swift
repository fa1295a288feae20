public import Mail

/// What `relayctl top` shows: how the daemon is, and its destinations.
public struct TopSnapshot: Codable, Hashable, Sendable {
    public var status: StatusView
    public var destinations: [DestinationView]

    public init(status: StatusView, destinations: [DestinationView]) {
        self.status = status
        self.destinations = destinations
    }
}

/// Events a second, between two looks.
public struct TopRates: Hashable, Sendable {
    public let accepted: Double
    public let delivered: Double
    public let deferred: Double

    /// nil where the two cannot be compared: no time between them, or another daemon.
    public init?(from old: StatusView, to new: StatusView, seconds: Double) {
        guard seconds > 0, old.pid == new.pid, old.startedAt == new.startedAt else { return nil }
        func rate(_ old: Int64, _ new: Int64) -> Double { Double(max(0, new &- old)) / seconds }
        accepted = rate(old.intake.acceptedTotal, new.intake.acceptedTotal)
        delivered = rate(old.delivery.deliveredTotal, new.delivery.deliveredTotal)
        deferred = rate(old.delivery.deferredTotal, new.delivery.deferredTotal)
    }
}

/// By what the destinations stand in order.
public enum TopOrder: String, Hashable, Sendable, CaseIterable {
    case due, oldest, rate

    func sorted(_ destinations: [DestinationView]) -> [DestinationView] {
        destinations.sorted { one, other in
            let (left, right) =
                switch self {
                case .due: (other.due &+ other.active, one.due &+ one.active)
                case .oldest: (Int(clamping: one.oldest ?? .max), Int(clamping: other.oldest ?? .max))
                case .rate: (other.ratePerMinute, one.ratePerMinute)
                }
            return left == right ? one.name < other.name : left < right
        }
    }
}

/// `relayctl top` for people.
public enum TopText {
    /// Lines that fill a screen at most, each at most `columns` wide, without line ends.
    /// - Parameters:
    ///   - rates: nil before the second look: totals since start are shown instead.
    ///   - notice: why what is shown is old.
    public static func frame(
        _ snapshot: TopSnapshot, rates: TopRates?, order: TopOrder, columns: Int, rows: Int, notice: String? = nil,
        now: WallTime, style: TextStyle
    ) -> [String] {
        var lines = head(snapshot.status, rates).map { (cut($0, columns), TextStyle.Colour?.none) }
        if let notice { lines.append((cut(notice, columns), .red)) }
        lines.append(("", nil))
        lines += table(snapshot, order, now).map { (cut($0.line, columns), $0.colour) }
        let foot = cut("d due  o oldest  r rate  q quit", columns)
        // The last line tells the keys; where there is no room for it, they still work.
        if rows > lines.count {
            lines += [("", nil)].prefix(rows - lines.count - 1) + [(foot, .dim)]
        } else if rows > 1 {
            lines = lines.prefix(rows - 1) + [(foot, .dim)]
        } else {
            lines = Array(lines.prefix(max(0, rows)))
        }
        return lines.map { line, colour in colour.map { style.paint(line, $0) } ?? line }
    }

    /// All of it, once.
    public static func snapshot(_ snapshot: TopSnapshot, order: TopOrder, now: WallTime, style: TextStyle) -> String {
        let lines =
            head(snapshot.status, nil).map { (line: $0, colour: TextStyle.Colour?.none) }
            + [(line: "", colour: nil)] + table(snapshot, order, now)
        return lines.map { line, colour in (colour.map { style.paint(line, $0) } ?? line) + "\n" }.joined()
    }

    private static func head(_ status: StatusView, _ rates: TopRates?) -> [String] {
        let connections = status.intake.connections &+ status.delivery.connections
        let waiting =
            if let messages = status.store.messages, let recipients = status.store.recipients {
                "queue \(Humane.tally(messages, "message")), \(Humane.tally(recipients, "recipient"))"
            } else {
                "queue not known"
            }
        let queue =
            "relayd \(LogLine.oneLine(status.hostname)), up \(Humane.span(status.uptime))   "
            + "\(waiting)   \(Humane.tally(connections, "connection")) "
            + "(\(Humane.number(status.intake.connections)) in, \(Humane.number(status.delivery.connections)) out)"
        let flow =
            rates.map {
                "accepted \(perSecond($0.accepted))   delivered \(perSecond($0.delivered))   "
                    + "deferred \(perSecond($0.deferred))"
            }
            ?? "since start: accepted \(Humane.number(status.intake.acceptedTotal))   "
            + "delivered \(Humane.number(status.delivery.deliveredTotal))   "
            + "deferred \(Humane.number(status.delivery.deferredTotal))"
        return [queue, flow]
    }

    private static func table(
        _ snapshot: TopSnapshot, _ order: TopOrder, _ now: WallTime
    ) -> [(line: String, colour: TextStyle.Colour?)] {
        if snapshot.destinations.isEmpty { return [("The queue is empty: no destination has mail.", nil)] }
        var table = TextTable(
            ["DESTINATION", "STATE", "DUE", "ACTIVE", "DEFERRED", "OLDEST", "RATE/MIN", "TLS", "LAST REASON"],
            numbers: [2, 3, 4, 6])
        let destinations = order.sorted(snapshot.destinations)
        for one in destinations {
            table.add([
                one.name, DestinationText.state(one, now), Humane.number(one.due), Humane.number(one.active),
                Humane.number(one.deferred), Humane.age(one.oldest, now), Humane.number(one.ratePerMinute),
                one.tls ?? "-", DestinationText.reason(one, now),
            ])
        }
        // Painted as whole lines, after they are cut: a colour cut in two would run on.
        let lines = table.lines(TextStyle(width: TextStyle.defaultWidth, isColoured: false))
        return zip(lines, [.dim] + destinations.map(DestinationText.colour)).map { ($0, $1) }
    }

    private static func cut(_ line: String, _ columns: Int) -> String {
        Humane.short(LogLine.oneLine(line), max(1, columns))
    }

    /// `12.4/s`
    private static func perSecond(_ rate: Double) -> String {
        // Beyond is no rate of ours.
        let tenths = Int((min(rate, 1e9) * 10).rounded())
        return "\(Humane.number(tenths / 10)).\(tenths % 10)/s"
    }
}
