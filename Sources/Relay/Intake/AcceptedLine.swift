import Mail

/// The log line of one message that was taken, or answered for a client that waited for its delivery.
struct AcceptedLine {
    let line: LogLine

    init(
        _ id: QueueID, _ transaction: Transaction, _ facts: ContentFacts, _ entrance: Entrance, answers: [Reply]? = nil
    ) {
        let origin = transaction.origin
        line = (answers == nil ? LogLine("accepted") : LogLine("answered")).with("queue_id", id).with(
            "client", origin.peer
        )
        .with("helo", origin.clientName).with("user", origin.user)
        .with("from", "<\(transaction.envelope.reversePath)>")
        .with("recipients", transaction.envelope.recipients.count).with("size", facts.size)
        .with("tls", origin.tls?.version).with("demand", transaction.envelope.demand.word)
        .with("listener", entrance.listener.name)
        .with("orig_client", origin.forwarded?.address).with("orig_name", origin.forwarded?.name)
        .with("orig_helo", origin.forwarded?.helo)
        .with("replies", answers?.map { "\($0.code)" }.joined(separator: ","))
    }
}
