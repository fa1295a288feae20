import Glibc

/// An error number of the system, as the store reports it.
struct Errno: Error, Hashable, CustomStringConvertible {
    let code: CInt

    /// The number the last call of this thread left.
    static var last: Errno { Errno(code: errno) }

    /// ENOSPC or EDQUOT: room is missing, nothing is broken.
    var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// ENOENT or ELOOP: there is nothing by that name that may be read.
    var isMissing: Bool { code == ENOENT || code == ELOOP }

    var description: String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// `.full` or `.failed`, with what was being done.
    func storeError(_ doing: String) -> StoreError {
        isFull ? .full : .failed("\(doing): \(self)")
    }
}

/// The one door for calls that return -1 and set `errno`; an interrupted call is made again.
func call(_ body: () -> CInt) throws(Errno) -> CInt {
    while true {
        let result = body()
        if result >= 0 { return result }
        let error = Errno.last
        if error.code != EINTR { throw error }
    }
}
