import GRDB
import Mail

extension StoreError {
    /// Any error of an operation, in the store's words.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self =
                switch error.resultCode {
                case .SQLITE_FULL: .full
                default: .failed("database: \(error.words)")
                }
        case let error as DamagedRow:
            if let message = error.message {
                self = .unreadable(MessageNumber(message), "a row of it is damaged: \(error.what)")
                return
            }
            self = .failed("database: a row is damaged: \(error.what)")
        case let error as Errno:
            self = error.storeError("store")
        default:
            self = .failed("\(type(of: error))")
        }
    }
}

extension DatabaseError {
    /// The message without statement and values.
    var words: String { "\(message ?? "error") (SQLite \(extendedResultCode.rawValue))" }
}
