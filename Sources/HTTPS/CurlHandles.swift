import CCurl
import Synchronization

/// The library as a whole.
enum Curl {
    /// curl_global_init(3), once in a process; the language makes that safe between threads.
    private static let initialised: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    static func start() throws(HTTPSFailure) {
        guard initialised == CURLE_OK else {
            throw HTTPSFailure(.ours, "libcurl does not start: \(text(initialised))")
        }
    }

    static func text(_ code: CURLcode) -> String {
        curl_easy_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }

    /// Handles and what belongs to them, alive in this process, as their owners count them. A test's teardown finds zero again.
    static let liveObjects = Atomic<Int>(0)
}

/// Owns a multi handle.
final class MultiHandle: @unchecked Sendable {
    // @unchecked Sendable because only the engine's thread uses the pointer, except for curl_multi_wakeup, of which its
    // manual page says:
    // > This function can be called from any thread.

    let pointer: UnsafeMutableRawPointer

    init() throws(HTTPSFailure) {
        guard let multi = curl_multi_init() else { throw HTTPSFailure(.ours, "libcurl has no memory") }
        // Without a descriptor for wake-ups libcurl 7.88.1 gives the handle all the same, and its engine would sleep through
        // whatever is asked of it. This one ends the first poll.
        guard curl_multi_wakeup(multi) == CURLM_OK else {
            _ = curl_multi_cleanup(multi)
            throw HTTPSFailure(.ours, "libcurl has no descriptor to be woken by")
        }
        pointer = multi
        Curl.liveObjects.add(1, ordering: .relaxed)
    }

    deinit {
        _ = curl_multi_cleanup(pointer)
        Curl.liveObjects.subtract(1, ordering: .relaxed)
    }

    /// Ends the poll that is under way, or the next one.
    func wake() {
        _ = curl_multi_wakeup(pointer)
    }
}

/// Owns an easy handle with what it points to. It must have left its multi handle before it goes.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    /// A DNS cache of its own: handles of one multi handle otherwise share theirs, and one request's addresses would serve
    /// another's.
    private let share: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var resolve: UnsafeMutablePointer<curl_slist>?
    private var fields: UnsafeMutablePointer<curl_slist>?

    init() throws(HTTPSFailure) {
        guard let share = curl_share_init() else { throw HTTPSFailure(.ours, "libcurl has no memory") }
        guard let easy = curl_easy_init() else {
            _ = curl_share_cleanup(share)
            throw HTTPSFailure(.ours, "libcurl has no memory")
        }
        self.share = share
        pointer = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        Curl.liveObjects.add(1, ordering: .relaxed)
        _ = shim_curl_share_setopt_share(share, CURL_LOCK_DATA_DNS)
        try set(CURLOPT_SHARE, share)
        try set(CURLOPT_ERRORBUFFER, errorText)
    }

    deinit {
        // In this order: the easy handle refers to the others until it is gone.
        curl_easy_cleanup(pointer)
        _ = curl_share_cleanup(share)
        curl_slist_free_all(resolve)
        curl_slist_free_all(fields)
        errorText.deallocate()
        Curl.liveObjects.subtract(1, ordering: .relaxed)
    }

    func set(_ option: CURLoption, _ value: Int) throws(HTTPSFailure) {
        try check(option, shim_curl_easy_setopt_long(pointer, option, value))
    }

    func set(_ option: CURLoption, _ value: String?) throws(HTTPSFailure) {
        try check(option, shim_curl_easy_setopt_string(pointer, option, value))
    }

    /// The pointer's target must outlive this handle.
    func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(HTTPSFailure) {
        try check(option, shim_curl_easy_setopt_pointer(pointer, option, value))
    }

    /// An option of a type that has a function of its own.
    func check(_ option: CURLoption, _ code: CURLcode) throws(HTTPSFailure) {
        guard code == CURLE_OK else {
            throw HTTPSFailure(.ours, "libcurl does not take option \(option.rawValue): \(Curl.text(code))")
        }
    }

    /// Says where a host is (CURLOPT_RESOLVE); once.
    func setResolve(_ entry: String) throws(HTTPSFailure) {
        guard resolve == nil, let list = curl_slist_append(nil, entry) else {
            throw HTTPSFailure(.ours, "libcurl has no memory")
        }
        resolve = list
        try set(CURLOPT_RESOLVE, UnsafeMutableRawPointer(list))
    }

    /// Adds a header field, or with nothing behind the colon keeps libcurl from adding its own (CURLOPT_HTTPHEADER).
    func addField(_ field: String) throws(HTTPSFailure) {
        // The list keeps its head where that holds something, and nil says that it was left as it is.
        guard let list = curl_slist_append(fields, field) else {
            throw HTTPSFailure(.ours, "libcurl has no memory")
        }
        fields = list
        try set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(list))
    }

    /// What libcurl said about the failure; empty where it said nothing.
    var failureText: String { String(cString: errorText) }

    func number(_ which: CURLINFO) -> Int {
        var value = 0
        return shim_curl_easy_getinfo_long(pointer, which, &value) == CURLE_OK ? value : 0
    }
}
