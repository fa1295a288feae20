import Testing

@testable import waxwing_bench

@Suite("The source's dialogue")
struct SourceDialogueTests {
    /// The actions that the lines of a reply ask for.
    private func say(_ text: String, to dialogue: inout SourceDialogue) -> [SourceDialogue.Action] {
        var reader = ReplyReader()
        var actions: [SourceDialogue.Action] = []
        feed(text.split(separator: "|").map { "\($0)\r\n" }.joined(), pieces: .max) { chunk in
            var place = 0
            while let line = reader.next(in: chunk, from: &place) {
                actions.append(dialogue.replied(line, reader.head))
            }
        }
        return actions
    }

    private func ready(_ keywords: String = "250-PIPELINING|250 SIZE", isPipeliningWanted: Bool = true)
        -> SourceDialogue
    {
        var dialogue = SourceDialogue(isPipeliningWanted: isPipeliningWanted)
        #expect(say("220-a|220 b", to: &dialogue) == [.wait, .sendHello])
        dialogue.sentHello()
        #expect(say("250-a|\(keywords)", to: &dialogue).last == .ready)
        return dialogue
    }

    @Test("content and next envelope in one batch")
    func batch() {
        var dialogue = ready()
        #expect(dialogue.isPipelining && dialogue.offer.hasSize && !dialogue.isWaiting)
        dialogue.sentEnvelope()
        #expect(say("250 a|250 b|354 c", to: &dialogue) == [.wait, .wait, .sendContent])
        dialogue.sentContent()
        dialogue.sentEnvelope()
        #expect(say("250 a|250 b|250-c|250 c|354 d", to: &dialogue) == [.accepted, .wait, .wait, .wait, .sendContent])
        dialogue.sentContent()
        dialogue.sentQuit()
        #expect(say("451 a", to: &dialogue) == [.deferred])
        #expect(say("221 a", to: &dialogue) == [.wait])
        #expect(!dialogue.isWaiting)
    }

    @Test("one command at a time", arguments: [("250 SIZE", true), ("250 PIPELINING", false)])
    func steps(keywords: String, isPipeliningWanted: Bool) {
        var dialogue = ready(keywords, isPipeliningWanted: isPipeliningWanted)
        #expect(!dialogue.isPipelining)
        dialogue.sentEnvelope()
        #expect(say("250 a", to: &dialogue) == [.sendRecipient])
        dialogue.sentRecipient()
        #expect(say("250 a", to: &dialogue) == [.sendData])
        dialogue.sentData()
        #expect(say("354 a", to: &dialogue) == [.sendContent])
        dialogue.sentContent()
        #expect(say("554 a", to: &dialogue) == [.refused])
        dialogue.sentEnvelope()
        #expect(say("452 a", to: &dialogue) == [.envelopeFailed(isTransient: true, needsReset: false)])
        dialogue.sentEnvelope()
        _ = say("250 a", to: &dialogue)
        dialogue.sentRecipient()
        #expect(say("550 a", to: &dialogue) == [.envelopeFailed(isTransient: false, needsReset: true)])
    }

    @Test(
        "an envelope that is not taken: the first refusal says why",
        arguments: [
            ("452 a|503 b|503 c", true, false), ("550 a|503 b|503 c", false, false), ("250 a|450 b|554 c", true, true),
            ("250 a|550 b|503 c", false, true), ("250 a|250 b|451 c", true, true), ("250 a|250 b|250 c", false, true),
        ])
    func failures(replies: String, isTransient: Bool, needsReset: Bool) {
        var dialogue = ready()
        dialogue.sentEnvelope()
        #expect(
            say(replies, to: &dialogue) == [
                .wait, .wait, .envelopeFailed(isTransient: isTransient, needsReset: needsReset),
            ])
        dialogue.sentReset()
        #expect(say("250 a", to: &dialogue) == [.ready])
    }

    @Test("a content wanted for nobody is a lone dot")
    func nobody() {
        var dialogue = ready()
        dialogue.sentEnvelope()
        #expect(say("250 a|450 b|354 c", to: &dialogue) == [.wait, .wait, .sendNothing])
        dialogue.sentNothing()
        #expect(say("554 a", to: &dialogue) == [.envelopeFailed(isTransient: true, needsReset: false)])
    }

    @Test("STARTTLS, after which the offer is a new one")
    func startTLS() {
        var dialogue = SourceDialogue(isTLSWanted: true)
        _ = say("220 a", to: &dialogue)
        dialogue.sentHello()
        #expect(say("250-a|250-PIPELINING|250 STARTTLS", to: &dialogue).last == .sendStartTLS)
        dialogue.sentStartTLS()
        #expect(say("220 a", to: &dialogue) == [.startHandshake])
        dialogue.secured()
        dialogue.sentHello()
        #expect(say("250-a|250 SIZE", to: &dialogue).last == .ready)
        #expect(!dialogue.isPipelining)
    }

    @Test("what ends a connection", arguments: ["421 a", "nonsense"])
    func lost(reply: String) {
        var dialogue = ready()
        dialogue.sentEnvelope()
        #expect(say("250 a|\(reply)", to: &dialogue) == [.wait, .lost])
        var early = SourceDialogue()
        #expect(say("554 a", to: &early) == [.lost])
        var withoutTLS = SourceDialogue(isTLSWanted: true)
        _ = say("220 a", to: &withoutTLS)
        withoutTLS.sentHello()
        #expect(say("250 a", to: &withoutTLS) == [.lost])
        var unasked = ready()
        #expect(say("250 a", to: &unasked) == [.lost])
    }
}
