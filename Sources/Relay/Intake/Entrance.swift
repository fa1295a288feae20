import Mail
import TLS

/// One way in: a listener with all that its sessions begin with.
struct Entrance: Sendable {
    let listener: IntakeListener
    let session: ServerSession.Configuration
    /// Nil where the listener has no TLS.
    let tls: ServerContext?

    /// All that the operator configured. Listeners with the same certificate share a context.
    static func all(_ configuration: Configuration, hostname: DomainName) throws(ServiceError) -> [Entrance] {
        let intake = configuration.intake
        let certificates: ClientCertificateRequest =
            intake.asksForCertificates ? .asked(authorities: intake.clientCAFile) : .none
        var contexts: [[String]: ServerContext] = [:]
        var entrances: [Entrance] = []
        for listener in intake.resolvedListeners {
            var context: ServerContext?
            if listener.tls != .none, let certificate = listener.certificatePath, let key = listener.keyPath {
                if let known = contexts[[certificate, key]] {
                    context = known
                } else {
                    do throws(TLSError) {
                        context = try ServerContext(
                            certificateFile: certificate, keyFile: key, clientCertificates: certificates)
                    } catch {
                        throw ServiceError.tls(error.text)
                    }
                    contexts[[certificate, key]] = context
                }
            }
            entrances.append(
                Entrance(
                    listener: listener,
                    session: ServerSession.Configuration(
                        hostname: hostname, intake, listener, postmaster: configuration.dsn.postmaster),
                    tls: context))
        }
        return entrances
    }
}

extension ServerSession.Configuration {
    /// What the operator configured for sessions of `listener`.
    init(hostname: DomainName, _ intake: Configuration.Intake, _ listener: IntakeListener, postmaster: Mailbox?) {
        self.init(
            hostname: hostname, messageLimit: intake.messageLimit, recipientLimit: intake.recipientLimit,
            receivedLimit: intake.receivedLimit, errorLimit: intake.errorLimit, loginLimit: intake.authFailureLimit,
            longLines: intake.longLines, security: listener.tls, postmaster: postmaster,
            spoken: listener.protocol,
            role: listener.role,
            acknowledgement: listener.acknowledgement,
            mechanisms: listener.offersAuth ? SASLMechanismName.allCases : [])
    }
}
