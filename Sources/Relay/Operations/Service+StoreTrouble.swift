import Mail
import Store

/// What keeps the store from writing, each as a sentence without its full stop for status, doctor and `/ready`; nil where it does not.
extension Service {
    /// A commit takes milliseconds, on a busy disk a second or two.
    private static let longCommit: Duration = .seconds(5)

    var unsettledTrouble: String? {
        let count = ground.unsettled.waiting
        guard count > 0 else { return nil }
        return
            "the store does not take the results of \(Humane.count(count, "delivery", "deliveries")), and nothing new "
            + "is delivered"
    }

    var hangingTrouble: String? {
        let lasting = store.commitUnderWay
        guard lasting >= Self.longCommit else { return nil }
        return "the store's disk has not answered for \(lasting.components.seconds) s: clients wait"
    }

    /// A write failed, and so did a small one behind it.
    var writingTrouble: String? {
        guard let fault = store.writeFault else { return nil }
        let since = Self.clock().advanced(by: -fault.lasting.components.seconds)
        return "the store cannot be written since \(since.rfc3339), new mail is refused: \(fault.words)"
    }

    /// What ends ``writingTrouble``.
    var writingCure: String {
        let directory = configuration.store.directory
        if store.writeFault?.isFull ?? false {
            return "make room on the disk of \(directory) (df -h, df -i; quota): relayd goes on by itself then"
        }
        return
            "look for the cause in dmesg and findmnt --target \(directory): a file system that an error of the disk turned read-only is "
            + "checked (stop relayd, fsck) and mounted for writing again; otherwise relayd goes on by itself as soon as it can write"
    }

    var journalTrouble: String? {
        guard let why = store.journalTrouble else { return nil }
        switch store.stuckMessages {
        // Nothing lies in it: what was to be written there failed, and was refused.
        case 0?: return writingTrouble == nil ? "the tables of the queue cannot be written: \(why)" : nil
        case let count?:
            return
                "\(Humane.count(count, "message")) that \(count == 1 ? "was" : "were") accepted before "
                + "\(count == 1 ? "is safe in the journal, and does" : "are safe in the journal, and do") not get into the queue: \(why)"
        case nil: return "mail that was accepted before is safe in the journal, and does not get into the queue: \(why)"
        }
    }

    /// Looks whether the store can be written where something speaks against it, and keeps the alarm of it. A disk that hangs is waited for
    /// once, and is told by ``hangingTrouble``.
    func watchWriting() async {
        _ = await glances.writing.take { [store] in
            await store.proveWriting()
            return true
        }
        if let trouble = writingTrouble {
            ground.alarms.raise(.storeNotWritable, of: "", trouble)
        } else {
            ground.alarms.clear(.storeNotWritable, of: "", because: "the store can be written again")
        }
    }
}
