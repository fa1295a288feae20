import FlyingFox
import Mail
import Store

extension ControlSource {
    /// Asks or orders what the request says.
    func answer(_ request: ControlRequest) async -> ControlAnswer {
        do {
            return try await found(request)
        } catch let refusal as ControlRefusal {
            return refusal.answer
        } catch let error as StoreError {
            return error.answer
        } catch {
            return .refused(
                .internalServerError, "internal", "the daemon could not answer: \(error)", "Look at the daemon's log")
        }
    }

    private func found(_ request: ControlRequest) async throws -> ControlAnswer {
        switch request {
        case .status: .found(await status())
        case .queue(let query): .found(try await queue(query))
        case .show(let id): Self.message(try await show(id), id)
        case .order(let order):
            .found(
                try await self.order(
                    order.verb, order.selectors, dryRun: order.isDryRun, reason: order.reason, cursor: order.cursor))
        case .destinations(let limit, let suspendedOnly):
            .found(try await destinations(limit: limit, suspendedOnly: suspendedOnly))
        case .suspend(let name, let seconds, let reason):
            .found(try await suspend(name, seconds: seconds, reason: reason))
        case .resume(let name): .found(try await resume(name))
        case .holds: .found(try await holds())
        case .addHold(let rule, let reason): .found(try await addHold(rule, reason: reason))
        case .removeHold(let number): Self.removal(of: number, try await removeHold(number))
        case .trace(let key, let limit): .found(try await trace(key: key, limit: limit))
        case .explain(let key, let limit): .found(try await explain(key: key, limit: limit))
        case .bundle(let key): .found(try await bundle(key: key))
        case .reload: .found(try await reload())
        case .simulate(let query): .found(try await simulate(query))
        case .exceptions(let request): try await answer(request)
        case .metrics: .text(try await metrics(), type: Exposition.contentType)
        case .alarms(let query): .found(try await alarms(query))
        case .acknowledgeAlarm(let number, let words):
            Self.acknowledgement(of: number, try await acknowledgeAlarm(number, words: words))
        case .doctor: .found(await doctor())
        case .policy(let domain): ControlAnswer(status: .ok, body: try await policy(domain))
        case .policies(let query): .found(try await policyPage(after: query.after, limit: query.limit))
        case .refreshPolicy(let domain): .found(await refreshPolicy(of: domain))
        case .reports(let query): .found(try await reports(query))
        case .reportPreview(let query): .found(try await reportPreview(query))
        case .sendReports(let query): .found(try await sendReports(query))
        case .history(let name, let before, let limit):
            Self.history(try await history(of: name, before: before, limit: limit), name)
        case .forecast(let seconds): .found(try await forecast(seconds: seconds))
        case .proof(let request): try await self.found(request)
        }
    }

    private static func message(_ message: MessageView?, _ id: QueueID) -> ControlAnswer {
        if let message { return .found(message) }
        return .refused(
            .notFound, "no-such-message", "no message in the queue has the id \(id)",
            "It may have been delivered or returned: relayctl trace \(id) tells what became of it")
    }

    private static func acknowledgement(of number: Int64, _ alarm: AlarmView?) -> ControlAnswer {
        if let alarm { return .found(alarm) }
        return .refused(.notFound, "no-such-alarm", "no alarm \(number) stands", "See /v1/alarms")
    }

    private static func removal(of number: Int64, _ removed: Bool) -> ControlAnswer {
        if removed { return .found(HoldRemovalView(number: number, removed: true)) }
        return .refused(.notFound, "no-such-rule", "there is no hold rule \(number)", "See /v1/holds")
    }
}
