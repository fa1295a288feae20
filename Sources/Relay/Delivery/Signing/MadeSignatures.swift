import Mail
import Store
import Synchronization

/// Signatures made a short while ago, for the other destinations of a message and for its next attempts. Safe from any
/// thread.
final class MadeSignatures: Sendable {
    /// Messages.
    static let limit = 2_000
    /// Seconds for which a signature is used again: key rotation is slower.
    static let age: Int64 = 3_600

    struct Made {
        let fields: [UInt8]
        /// Whose they are, by the key ring's indices.
        let keys: [Int]
        let at: WallTime
    }

    private let table = Mutex<[MessageNumber: Made]>([:])

    func signatures(of message: MessageNumber, at now: WallTime) -> Made? {
        table.withLock { table in
            guard let made = table[message], made.at <= now, now.seconds - made.at.seconds < Self.age else {
                return nil
            }
            return made
        }
    }

    func keep(_ fields: [UInt8], by keys: [Int], of message: MessageNumber, at now: WallTime) {
        table.withLock { table in
            // Now and then all of them: each is only worth one signature.
            if table.count >= Self.limit { table.removeAll(keepingCapacity: true) }
            table[message] = Made(fields: fields, keys: keys, at: now)
        }
    }
}
