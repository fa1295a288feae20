import Synchronization

/// What happened since the daemon started, for `relayctl status`. Safe from any thread; each number stands alone.
final class Counters: Sendable {
    /// Intake connections open now.
    let intakeConnections = Atomic<Int>(0)
    /// The most there were at once since it was set to 0: a crowd may come and go between two looks.
    let intakePeak = Atomic<Int>(0)
    /// Messages acknowledged.
    let accepted = Atomic<Int64>(0)
    /// Messages that entered the queue less those that left it: sent by clients, and notices; without mails of reports.
    let queueFlow = Atomic<Int>(0)
    /// Commands and transactions answered with 4yz or 5yz.
    let refused = Atomic<Int64>(0)
    /// Delivery connections open now.
    let deliveryConnections = Atomic<Int>(0)
    /// Recipients.
    let delivered = Atomic<Int64>(0)
    let deferred = Atomic<Int64>(0)
    let bounced = Atomic<Int64>(0)
    /// The same and more, by its kind, for Prometheus.
    let metrics: Metrics

    /// - Parameter listeners: names of the intake's listeners.
    init(listeners: [String] = []) {
        metrics = Metrics(listeners: listeners)
    }
}
