import Logging
import Mail
import Net
import Synchronization
import TLS

/// Who may log in, by a file that is read again when it has changed.
///
/// What this is asked costs the same for a name that nobody has: it gets a verifier too, made of the name and a secret of this
/// process, and the work of checking is done upon it.
final class Users: Sendable {
    /// The file is looked at no more often than this.
    static let lookInterval = Duration.seconds(1)

    struct Found: Sendable {
        let verifier: SCRAMVerifier
        let isKnown: Bool
    }

    private struct Table: Sendable {
        var verifiers: [UserName: SCRAMVerifier] = [:]
        /// What most users have: what is made up must not stand out by them.
        var iterations = SCRAMVerifier.usualIterations
        var saltLength = SCRAMVerifier.usualSaltLength

        init(_ file: UsersFile) {
            var counts: [[Int]: Int] = [:]
            for record in file.records {
                verifiers[record.name] = record.verifier
                counts[[record.verifier.iterations, record.verifier.salt.count], default: 0] += 1
            }
            guard let common = counts.max(by: { ($0.value, $0.key[0]) < ($1.value, $1.key[0]) })?.key else { return }
            (iterations, saltLength) = (common[0], common[1])
        }
    }

    private struct State: Sendable {
        var table: Table
        var stamp: FileStamp?
        var nextLook: Deadline
    }

    private let path: String
    private let log: Logger
    private let threads: CheckThreads
    private let secret: [UInt8]
    private let state: Mutex<State>
    private let now: @Sendable () -> Deadline

    /// Reads the file once, so that a daemon does not start with one it cannot use. Blocks.
    init(
        path: String, succeeding before: Users? = nil, log: Logger, threads: CheckThreads = CheckThreads(),
        now: @escaping @Sendable () -> Deadline = { .now }
    ) throws(UsersFileFault) {
        self.path = path
        self.log = log
        self.threads = before?.threads ?? threads
        self.now = now
        var generator = SystemRandomNumberGenerator()
        // The same as before: made-up salts that change with a reload would tell which names nobody has.
        secret =
            before?.secret
            ?? (0..<SHA256Digest.length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let (file, stamp) = try UsersFile.read(path)
        state = Mutex(
            State(table: Table(file), stamp: stamp, nextLook: now().advanced(by: Self.lookInterval)))
    }

    /// The verifier for a name; nil where it cannot be had now.
    func find(_ name: [UInt8]) async -> Found? {
        await threads.run { self.foundNow(name) } ?? nil
    }

    /// Nil where it cannot be checked now.
    func matches(_ password: Password, _ verifier: SCRAMVerifier) async -> Bool? {
        await threads.run { try? SCRAM.matches(password, verifier) } ?? nil
    }

    /// What a proof is found to be.
    enum ProofFinding: Sendable {
        /// With our own signature for it.
        case right(signature: [UInt8])
        case wrong
        /// It cannot be checked now.
        case unknown
    }

    func check(_ proof: SCRAMProof, by verifier: SCRAMVerifier) async -> ProofFinding {
        let finding = await threads.run { () -> ProofFinding in
            do throws(TLSError) {
                let signature = try SCRAM.serverSignature(upon: proof, by: verifier)
                return signature.map { .right(signature: $0) } ?? .wrong
            } catch {
                return .unknown
            }
        }
        return finding ?? .unknown
    }

    private func foundNow(_ name: [UInt8]) -> Found? {
        look()
        let (known, iterations, saltLength) = state.withLock { state in
            (UserName(name).flatMap { state.table.verifiers[$0] }, state.table.iterations, state.table.saltLength)
        }
        // Made up for known names too, and then left aside.
        guard let other = try? madeUp(name, iterations, saltLength) else { return nil }
        return Found(verifier: known ?? other, isKnown: known != nil)
    }

    /// The same for the same name as long as this process lives, as a real one would be.
    private func madeUp(_ name: [UInt8], _ iterations: Int, _ saltLength: Int) throws(TLSError) -> SCRAMVerifier? {
        let salt = try SCRAM.hmac([0] + name, key: secret) + SCRAM.hmac([1] + name, key: secret)
        return SCRAMVerifier(
            iterations: iterations, salt: Array(salt.prefix(saltLength)),
            storedKey: try SCRAM.hmac([2] + name, key: secret), serverKey: try SCRAM.hmac([3] + name, key: secret))
    }

    /// Reads the file again where it is another than it was. One that cannot be used changes nothing: who could log in still
    /// can, and the log says why.
    private func look() {
        let now = now()
        let known: FileStamp?? = state.withLock { state in
            guard state.nextLook <= now else { return nil }
            state.nextLook = now.advanced(by: Self.lookInterval)
            return .some(state.stamp)
        }
        guard let known else { return }
        let stamp = FileStamp(path: path)
        guard stamp != known else { return }
        do throws(UsersFileFault) {
            let (file, stamp) = try UsersFile.read(path)
            let table = Table(file)
            state.withLock { state in
                state.table = table
                state.stamp = stamp
            }
            log.event(.info, LogLine("users-read").with("path", path).with("users", table.verifiers.count))
        } catch {
            // Once for each state of the file.
            state.withLock { $0.stamp = stamp }
            log.event(
                .error,
                LogLine("users-refused").with("path", path).with("line", error.line).with("reason", error.problem))
        }
    }
}
