import CCurl
import Mail
import Net
import Synchronization

/// Runs transfers on one thread, which alone touches libcurl's handles.
final class TransferEngine: Sendable {
    typealias Waiter = CheckedContinuation<Result<HTTPSResponse, HTTPSFailure>, Never>

    /// Longest sleep where nothing is to be done.
    private static let idleTime: CInt = 60_000

    private let multi: MultiHandle
    private let book: Mutex<TransferBook<Waiter>>
    private let lastID = Atomic<UInt64>(0)
    private let ending = Mutex(Ending())

    private struct Ending {
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    init(transfersLimit: Int, addressShare: Int) throws(HTTPSFailure) {
        try Curl.start()
        multi = try MultiHandle()
        book = Mutex(TransferBook(transfersLimit: transfersLimit, addressShare: addressShare))
    }

    // MARK: From any thread

    func newID() -> UInt64 {
        lastID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func ask(_ id: UInt64, _ request: HTTPSRequest, until end: Deadline, _ waiter: Waiter) {
        let refusal = book.withLock { $0.ask(.init(id: id, request: request, end: end, waiter: waiter)) }
        if let refusal { return waiter.resume(returning: .failure(refusal)) }
        multi.wake()
    }

    func cancel(_ id: UInt64) {
        let waiter = book.withLock { $0.cancel(id) }
        waiter?.resume(returning: .failure(.cancelled))
        multi.wake()
    }

    func close() {
        for waiter in book.withLock({ $0.close() }) { waiter.resume(returning: .failure(.closed)) }
        multi.wake()
    }

    /// Returns once ``run()`` has.
    func end() async {
        await withCheckedContinuation { continuation in
            let isOver = ending.withLock { ending in
                if !ending.isOver { ending.waiters.append(continuation) }
                return ending.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: On the thread

    /// Serves until it is closed.
    func run() {
        var transfers = Transfers(multi: multi)
        while true {
            let turn = book.withLock { $0.turn(at: .now) }
            for waiter in turn.expired { waiter.resume(returning: .failure(turn.expiry)) }
            if turn.isClosing { break }
            for id in turn.cancels where transfers.remove(id) { settle(id, .failure(.cancelled)) }
            var isOneOver = !turn.cancels.isEmpty
            for entry in turn.starts {
                do throws(HTTPSFailure) {
                    try transfers.add(entry.id, Transfer(entry.request, until: entry.end))
                } catch {
                    settle(entry.id, .failure(error))
                    isOneOver = true
                }
            }
            for (id, result) in transfers.perform() {
                settle(id, result)
                isOneOver = true
            }
            // A place is free: perhaps somebody waits for it.
            if !isOneOver { transfers.sleep(until: turn.next, atMost: Self.idleTime) }
        }
        for id in transfers.removeAll() { settle(id, .failure(.closed)) }
        let waiters = ending.withLock { ending in
            ending.isOver = true
            defer { ending.waiters = [] }
            return ending.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func settle(_ id: UInt64, _ result: Result<HTTPSResponse, HTTPSFailure>) {
        book.withLock { $0.finished(id) }?.resume(returning: result)
    }
}

/// The transfers under way. Each is in the multi handle exactly as long as it is in here.
struct Transfers: ~Copyable {
    private let multi: MultiHandle
    private var transfers: [UInt64: Transfer] = [:]
    private var ids: [UnsafeMutableRawPointer: UInt64] = [:]

    init(multi: MultiHandle) {
        self.multi = multi
    }

    mutating func add(_ id: UInt64, _ transfer: Transfer) throws(HTTPSFailure) {
        let code = curl_multi_add_handle(multi.pointer, transfer.pointer)
        guard code == CURLM_OK else { throw Self.failure(code) }
        transfers[id] = transfer
        ids[transfer.pointer] = id
    }

    /// Breaks the transfer off and closes its connection; false where there is none.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let transfer = transfers.removeValue(forKey: id) else { return false }
        // Nothing else holds it any more, and its end frees the handle.
        withExtendedLifetime(transfer) {
            ids[transfer.pointer] = nil
            _ = curl_multi_remove_handle(multi.pointer, transfer.pointer)
        }
        return true
    }

    mutating func removeAll() -> [UInt64] {
        let all = Array(transfers.keys)
        for id in all { _ = remove(id) }
        return all
    }

    /// Moves all of them as far as they go without waiting; returns those that are over.
    mutating func perform() -> [(UInt64, Result<HTTPSResponse, HTTPSFailure>)] {
        var running: CInt = 0
        let code = curl_multi_perform(multi.pointer, &running)
        if code != CURLM_OK { return removeAll().map { ($0, .failure(Self.failure(code))) } }
        var over: [(UInt64, Result<HTTPSResponse, HTTPSFailure>)] = []
        var left: CInt = 0
        while let message = curl_multi_info_read(multi.pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let pointer = message.pointee.easy_handle,
                let id = ids[pointer], let transfer = transfers[id]
            else { continue }
            // Read before the handle is removed, which frees the message.
            let result = transfer.result(message.pointee.data.result)
            _ = remove(id)
            over.append((id, result))
        }
        return over
    }

    /// Waits for descriptors, libcurl's timers, a wake-up or the end.
    func sleep(until end: Deadline, atMost limit: CInt) {
        var time = limit
        if let (seconds, attoseconds) = end.remaining?.components, seconds < 60 {
            time = min(limit, CInt(clamping: seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000 &+ 1))
        }
        var count: CInt = 0
        _ = curl_multi_poll(multi.pointer, nil, 0, time, &count)
    }

    private static func failure(_ code: CURLMcode) -> HTTPSFailure {
        let text = curl_multi_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        return HTTPSFailure(.ours, "libcurl: \(text)")
    }
}
