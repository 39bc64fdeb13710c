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

    /// <summary>Its number in the session.</summary>
    public int Index { get; }

    public PreparedPrompt Prompt { get; }

    public GenerationOptions Options { get; }

    public StopRule Stop { get; }

    public FinishReason Finish { get; protected set; }

    /// <summary>The error that ended it, or null.</summary>
    public Exception? Error { get; private set; }

    /// <summary>The most new tokens.</summary>
    public int Limit { get; }

    /// <summary>The number of tokens whose keys and values are needed: all except the last new token.</summary>
    public int Capacity => Prompt.Ids.Length + Limit - 1;

    /// <summary>The listener of this request, or null if nobody listens.</summary>
    public SessionTelemetry? Telemetry { get; init; }

    /// <summary>The number of this request in <see cref="Telemetry"/>.</summary>
    public int TelemetryIndex { get; init; }

    /// <summary>The number of steps that the session had taken when the request arrived.</summary>
    public long Arrival { get; init; }

    /// <summary>The number of steps that the session had taken when its prompt had been processed.</summary>
    public long ActiveSince { get; set; }

    /// <summary>The encoder's time in the step of its prompt. Zero if it has no picture, or if the time is not known.</summary>
    public TimeSpan Vision { get; set; }

    /// <summary>The number of its pictures that did not need the encoder.</summary>
    public int CachedPictures { get; set; }

    /// <summary>The largest number of sequences in any of its steps, itself included.</summary>
    public int LargestStep { get; private set; }

    /// <summary>The number of rows in its next decode step.</summary>
    public abstract int Rows { get; }

    /// <summary>Whether the host needs its scores. If not, the backend chooses its tokens.</summary>
    public abstract bool NeedsHost { get; }

    /// <summary>Whether it takes part in the next step, as far as this is known before the tokens of the last step are read.</summary>
    public abstract bool GoesOn { get; }

    /// <summary>Takes ownership of the cache that the prompt's prefill fills.</summary>
    /// <param name="cache">An empty cache of <see cref="Capacity"/>.</param>
    public abstract void Own(KvCache cache);

    /// <summary>Adds its rows to a decode step.</summary>
    /// <param name="ids">[Rows]: receives the token ids for the embedding.</param>
    /// <param name="batch">The step, to which one sequence is added for each row.</param>
    /// <param name="choice">The choice of the previous step. A negative id refers to one of its rows.</param>
    public abstract void AddRows(Span<int> ids, SequenceBatch batch, Matrix choice);

    /// <summary>Adds the tokens that may follow in each of its rows.</summary>
    /// <param name="needed">Receives them.</param>
    public abstract void AddHeadRows(HeadRows needed);

    /// <summary>Chooses the next tokens from the step's scores on the host.</summary>
    /// <param name="chooser">Provides the scores.</param>
    /// <param name="row">Its first row.</param>
    /// <param name="produced">Receives the tokens that are now certain.</param>
    public abstract void Advance(TokenChooser chooser, int row, List<GeneratedToken> produced);

    /// <summary>What it has produced so far.</summary>
    public abstract GenerationResult ToResult();

    /// <summary>Records that it takes part in a step.</summary>
    /// <param name="sequences">The number of sequences in the step.</param>
    public void Share(int sequences) => LargestStep = Math.Max(LargestStep, sequences);

    /// <summary>Cancels it, unless it has ended.</summary>
    public void Leave()
    {
        if (Finish == FinishReason.None)
        {
            Finish = FinishReason.Canceled;
            Telemetry?.Cancel(TelemetryIndex);
        }

        Dispose();
    }

    /// <summary>Ends it with an error that concerns this request only.</summary>
    /// <param name="error">The exception from its constraint or its listener.</param>
    public void Fail(Exception error)
    {
        if (Finish != FinishReason.None) return;
        (Finish, Error) = (FinishReason.Canceled, error);
        Dispose();
    }

    public abstract void Dispose();
}
