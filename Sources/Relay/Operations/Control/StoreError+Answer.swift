import FlyingFox
import Store

/// What the control socket answers where the store did not do what was asked: what is in the way, and what to do about it.
extension StoreError {
    var answer: ControlAnswer {
        .refused(.internalServerError, code, "it was not done: \(self)", cure)
    }

    private var code: String {
        switch self {
        case .full: "disk-full"
        case .busy: "store-busy"
        case .closed: "stopping"
        case .duplicate, .unknown, .failed, .unreadable, .damaged: "internal"
        }
    }

    /// An imperative without its full stop.
    var cure: String {
        switch self {
        case .full:
            "Free space on that disk (relayctl status names the folder; df -h), and ask again. Mail that was accepted is safe"
        case .busy: "Ask again in a moment. Where it stays so, the disk is slow: see relayctl doctor"
        case .closed: "relayd is stopping: ask the next one"
        case .unknown: "It may have been delivered or returned meanwhile: relayctl trace tells"
        case .duplicate, .failed, .unreadable, .damaged: "See relayctl doctor, and the daemon's log"
        }
    }
}
