import CUnbound
import Mail

/// Owns one `ub_ctx`. Not thread-safe: the worker has one thread (libunbound has a second one inside).
final class UnboundContext {
    private let context: OpaquePointer
    private let log: StartLog?
    /// A lookup could not even begin: the context is half made.
    private var isBroken = false

    /// Nil where libunbound cannot allocate. The corresponding C function is `ub_ctx_create`.
    init?() {
        guard let context = ub_ctx_create() else { return nil }
        self.context = context
        // Answers are resolved by a thread of libunbound's own, so that this one always serves the socket.
        _ = ub_ctx_async(context, 1)
        log = StartLog()
        _ = ub_ctx_debugout(context, log?.stream)
    }

    /// From here on, what libunbound would print about strangers' zones goes nowhere; reasons come with the answers.
    func closeLog() {
        _ = ub_ctx_debugout(context, nil)
        log?.close()
    }

    /// What libunbound complained of while it started: it names the file or option that its result code does not.
    var startErrors: String? { log?.errors }

    deinit {
        _ = ub_ctx_debugout(context, nil)
        // Tried with 1.17.1: deleting a context whose first lookup was refused (`module-config: nonsense`) reads through a
        // null pointer. The process is about to end: it is left to the system.
        if isBroken { return }
        // > Outstanding async queries are killed and callbacks are not called for them (unbound.h)
        ub_ctx_delete(context)
    }

    /// Readable when answers wait for ``process()``. The corresponding C function is `ub_fd`.
    var descriptor: Int32 { ub_fd(context) }

    /// One line of unbound.conf(5). The corresponding C function is `ub_ctx_set_option`.
    func set(_ option: UnboundOption) throws(UnboundError) {
        try check(ub_ctx_set_option(context, option.name, option.value), option.description)
    }

    /// Asks this resolver instead of the authoritative servers. The corresponding C function is `ub_ctx_set_fwd`.
    func forward(to address: String) throws(UnboundError) {
        try check(ub_ctx_set_fwd(context, address), "forwarder \(address)")
    }

    /// DS and DNSKEY records in zone file form. The file is read at the first lookup only. The corresponding C function
    /// is `ub_ctx_add_ta_file`.
    func trustAnchors(fromFile path: String) throws(UnboundError) {
        try check(ub_ctx_add_ta_file(context, path), "trust anchor file \(path)")
    }

    /// Starts a lookup; `lookup` must live until its answer came or it was cancelled. Gives libunbound's number for it.
    /// The corresponding C function is `ub_resolve_async`.
    func resolve(_ lookup: PendingLookup) throws(UnboundError) -> Int32 {
        var number: Int32 = 0
        let thunk: ub_callback_type = { pointer, error, result in
            defer { ub_resolve_free(result) }
            guard let pointer else { return }
            let lookup = Unmanaged<PendingLookup>.fromOpaque(pointer).takeUnretainedValue()
            if error == 0, let result {
                lookup.facts = UnboundFacts(result.pointee)
            } else {
                lookup.failure = String(cString: ub_strerror(error))
            }
            lookup.isAnswered = true
            lookup.answered()
        }
        let name = lookup.asked.name.map { $0.text + "." } ?? "."
        let code = ub_resolve_async(
            context, name, Int32(lookup.asked.type.rawValue), Self.internetClass,
            Unmanaged.passUnretained(lookup).toOpaque(), thunk, &number)
        if code != 0 { isBroken = true }
        try check(code, "lookup")
        return number
    }

    /// No callback comes for this lookup any more. The corresponding C function is `ub_cancel`.
    func cancel(_ number: Int32) {
        // UB_NOID means that its answer was delivered already, which is as good.
        _ = ub_cancel(context, number)
    }

    /// Calls back for all answers that are there. The corresponding C function is `ub_process`.
    func process() throws(UnboundError) {
        try check(ub_process(context), "ub_process")
    }

    private static let internetClass: Int32 = 1

    private func check(_ code: Int32, _ what: String) throws(UnboundError) {
        if code != 0 { throw UnboundError(what: what, code: code) }
    }
}

/// One lookup inside libunbound. The worker holds it, libunbound only points to it.
final class PendingLookup {
    let id: UInt64
    let asked: Asked
    /// Called once, from ``UnboundContext/process()``.
    let onAnswer: (PendingLookup) -> Void
    var number: Int32 = 0
    var facts: UnboundFacts?
    var failure: String?
    var isAnswered = false

    init(id: UInt64, asked: Asked, onAnswer: @escaping (PendingLookup) -> Void) {
        self.id = id
        self.asked = asked
        self.onAnswer = onAnswer
    }

    func answered() { onAnswer(self) }

    var finding: Finding {
        facts?.finding ?? .failed("libunbound: \(failure ?? "no result")", for: UnboundFacts.failureTimeToLive)
    }
}

/// What libunbound refused, and its word for why.
struct UnboundError: Error, CustomStringConvertible {
    let what: String
    let code: Int32

    var description: String { "\(what): \(String(cString: ub_strerror(code)))" }
}
