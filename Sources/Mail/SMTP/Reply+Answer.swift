extension Outcome {
    /// The reply to a client that waits for the delivery itself (D20): the remote's own words where there are some, else the
    /// reason in ours, with the name of the host it is about.
    public func answer(from host: String?) -> Reply {
        func words(_ reason: Reason) -> String { host.map { "host \($0): \(reason.detail)" } ?? reason.detail }
        return switch self {
        case .delivered(let reply): reply.handedOn(as: 2, otherwise: EnhancedStatusCode(2, 0, 0))
        case .deferred(let reason, let reply):
            reply?.handedOn(as: 4, otherwise: reason.cause.enhancedStatusCode)
                ?? Reply(451, reason.cause.enhancedStatusCode.withClass(4), words(reason))
        case .bounced(let reason, let reply):
            reply?.handedOn(as: 5, otherwise: reason.cause.enhancedStatusCode)
                ?? Reply(550, reason.cause.enhancedStatusCode.withClass(5), words(reason))
        }
    }
}

extension Reply {
    /// The reply of one server as that of another to the end of content: the words unchanged, the code one that belongs
    /// there. 421 and 521 would end the session with our client, and 450 and 550 name a mailbox, as the remote did.
    fileprivate func handedOn(as digit: UInt8, otherwise: EnhancedStatusCode) -> Reply {
        let ofClass: UInt16 =
            switch (digit, code) {
            case (2, _): 250
            case (4, 450...452): code
            case (4, _): 451
            case (_, 550...556): code
            default: 554
            }
        return Reply(ofClass, (enhanced ?? otherwise).withClass(digit), lines: lines)
    }
}
