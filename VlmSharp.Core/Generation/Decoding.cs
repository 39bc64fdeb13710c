using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>One request on its way from prompt to answer; owns its caches. A session steps any number of them together.</summary>
internal abstract class Decoding : IDisposable
{
    protected Decoding(int index, PreparedPrompt prompt, PaliGemmaModel model, GenerationOptions options, StopRule stop)
    {
        Index = index;
        Prompt = prompt;
        Options = options;
        Stop = stop;
        Limit = prompt.LimitNewTokens(options.MaxNewTokens, model.Config.Text);
    }

    /// <summary>Which request of its session.</summary>
    public int Index { get; }

    public PreparedPrompt Prompt { get; }

    public GenerationOptions Options { get; }

    public StopRule Stop { get; }

    public FinishReason Finish { get; protected set; }

    /// <summary>What it failed with; null where it did not.</summary>
    public Exception? Error { get; private set; }

    /// <summary>New tokens, at the most.</summary>
    public int Limit { get; }

    /// <summary>Tokens whose keys and values are ever needed: the last new token's are not.</summary>
    public int Capacity => Prompt.Ids.Length + Limit - 1;

    /// <summary>Hears of this request; null where nobody listens.</summary>
    public SessionTelemetry? Telemetry { get; init; }

    /// <summary>Which of its requests this is.</summary>
    public int TelemetryIndex { get; init; }

    /// <summary>How many steps the session had taken when the request came.</summary>
    public long Arrival { get; init; }

    /// <summary>How many steps the session had taken when its prompt had been processed.</summary>
    public long ActiveSince { get; set; }

    /// <summary>What the encoder took in the step of its prompt; zero where it has no picture, and where this is not known.</summary>
    public TimeSpan Vision { get; set; }

    /// <summary>How many of its pictures did not need the encoder.</summary>
    public int CachedPictures { get; set; }

    /// <summary>The most sequences that shared a step with it, itself included.</summary>
    public int LargestStep { get; private set; }

    /// <summary>Rows of its next decode step.</summary>
    public abstract int Rows { get; }

    /// <summary>Whether the host must see its scores; else the backend chooses its tokens.</summary>
    public abstract bool NeedsHost { get; }

    /// <summary>Whether it takes part in the next step, as far as is known before the last one's tokens are.</summary>
    public abstract bool GoesOn { get; }

    /// <summary>Takes the cache that the prompt's prefill fills.</summary>
    /// <param name="cache">An empty cache of <see cref="Capacity"/>.</param>
    public abstract void Own(KvCache cache);

    /// <summary>Puts its rows into a decode step.</summary>
    /// <param name="ids">[Rows]: receives the tokens, as an embedding takes them.</param>
    /// <param name="batch">The step.</param>
    /// <param name="choice">The choice of the step before, in which ids below 0 name a row.</param>
    public abstract void AddRows(Span<int> ids, SequenceBatch batch, Matrix choice);

    /// <summary>Says which tokens may be the next of each of its rows.</summary>
    /// <param name="needed">Receives them.</param>
    public abstract void AddHeadRows(HeadRows needed);

    /// <summary>Goes on by the step's scores, where the host chooses.</summary>
    /// <param name="chooser">Has the scores.</param>
    /// <param name="row">Its first row.</param>
    /// <param name="produced">Receives what is certain now.</param>
    public abstract void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced);

    /// <summary>What it has produced so far.</summary>
    public abstract GenerationResult ToResult();

    /// <summary>It takes part in a step.</summary>
    /// <param name="sequences">How many share it.</param>
    public void Share(int sequences) => LargestStep = Math.Max(LargestStep, sequences);

    /// <summary>Gives it up, unless it has ended.</summary>
    public void Leave()
    {
        if (Finish == FinishReason.None)
        {
            Finish = FinishReason.Canceled;
            Telemetry?.Cancel(TelemetryIndex);
        }

        Dispose();
    }

    /// <summary>Ends it with an error of its own, which is none of its neighbors'.</summary>
    /// <param name="error">What its constraint or its listener threw.</param>
    public void Fail(Exception error)
    {
        if (Finish != FinishReason.None) return;
        (Finish, Error) = (FinishReason.Canceled, error);
        Dispose();
    }

    public abstract void Dispose();
}
