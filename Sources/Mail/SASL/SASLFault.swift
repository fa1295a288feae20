/// Why a login failed, for the log; the client learns its ``AuthenticationResult/Failure`` alone.
public enum SASLFault: String, Error, Hashable, Sendable, CaseIterable {
    case malformed
    case unknownUser = "unknown-user"
    case wrongPassword = "wrong-password"
    /// An authorization identity that is not the user's own name.
    case otherIdentity = "other-identity"
    /// The client thinks that we do not offer channel binding, and we do: somebody took it away (RFC 5802 §6).
    case downgrade
    /// The client's channel is not ours: somebody stands between.
    case channelBinding = "channel-binding"
    /// The client demands an extension of SCRAM that is not known here.
    case unknownExtension = "unknown-extension"
    /// Not the nonce of this exchange: a replay.
    case nonce
    case unavailable
    case cancelled
    case tooLong = "too-long"
    case timedOut = "timed-out"
    case peerClosed = "peer-closed"
    case shuttingDown = "shutting-down"

    public var failure: AuthenticationResult.Failure {
        switch self {
        case .malformed: .malformed
        case .unknownUser, .wrongPassword, .otherIdentity, .downgrade, .channelBinding, .unknownExtension, .nonce:
            .credentials
        case .unavailable: .unavailable
        case .cancelled: .cancelled
        case .tooLong: .tooLong
        case .timedOut: .timedOut
        case .peerClosed: .peerClosed
        case .shuttingDown: .shuttingDown
        }
    }
}
