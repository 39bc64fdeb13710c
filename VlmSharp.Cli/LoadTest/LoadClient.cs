using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>Sends single requests of a stage and measures their latencies.</summary>
/// <param name="server">Where requests are sent; the caller owns it.</param>
/// <param name="timeout">Seconds from its due time after which a request has failed.</param>
/// <param name="keepsText">Whether outcomes include the answers.</param>
internal sealed class LoadClient(ChatServer server, double timeout, bool keepsText)
{
    private readonly long start = Stopwatch.GetTimestamp();
    private long answers, answerTokens;

    /// <summary>Seconds since the stage began.</summary>
    public double Now => Stopwatch.GetElapsedTime(start).TotalSeconds;

    /// <summary>Sends a request and reads its answer.</summary>
    /// <param name="request">What to ask, and whether to cancel it halfway.</param>
    /// <param name="due">When it was due to be sent.</param>
    /// <param name="stop">Ends the load test.</param>
    /// <returns>The outcome; it also reports errors of the network and of the server.</returns>
    public async Task<LoadOutcome> AskAsync(LoadRequest request, double due, CancellationToken stop)
    {
        var outcome = new LoadOutcome(request, due, Now);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(TimeSpan.FromSeconds(Math.Max(0, due + timeout - Now)));
        var seen = new Seen();
        try
        {
            using HttpResponseMessage response = await server.PostAsync(request, limit.Token);
            if (response.IsSuccessStatusCode) outcome = await ReadAsync(outcome, response, seen, limit.Token);
            else
            {
                double retryAfter = SecondsOf(response.Headers.RetryAfter);
                LoadError error = await LoadError.OfAsync(response, limit.Token);
                outcome = outcome with { How = LoadEnd.Failed, Error = error, RetryAfter = retryAfter };
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            outcome = outcome with { How = LoadEnd.Unfinished };
        }
        catch (OperationCanceledException)
        {
            outcome = outcome with { How = LoadEnd.Failed, Error = LoadError.Timeout };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            outcome = outcome with { How = LoadEnd.Failed, Error = ErrorOf(e) };
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or DecoderFallbackException)
        {
            outcome = outcome with { How = LoadEnd.Failed, Error = LoadError.BadAnswer };
        }

        double end = outcome.How == LoadEnd.Answered ? seen.Done : Now;
        outcome = outcome with { First = seen.First, Last = seen.Last, End = end };
        return outcome with { Tokens = seen.Tokens, PromptTokens = seen.Prompt, Text = seen.Text?.ToString() };
    }

    /// <summary>Reads the stream of an answer, or half of it if the request is to be canceled.</summary>
    private async Task<LoadOutcome> ReadAsync(LoadOutcome outcome, HttpResponseMessage response, Seen seen, CancellationToken cancellation)
    {
        bool isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        if (!isStream) return outcome with { How = LoadEnd.Failed, Error = LoadError.BadAnswer };
        if (keepsText) seen.Text = new StringBuilder();
        int enough = outcome.Request.IsCanceled ? Half(outcome.Request) : int.MaxValue;
        bool isWhole = false;
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (ChatPiece piece in ChatServer.ReadAsync(stream, cancellation))
        {
            if (piece.Error is { } type) return outcome with { How = LoadEnd.Failed, Error = LoadError.InStream(type) };
            seen.Take(piece, Now);
            isWhole |= piece.IsFinish || piece.IsDone;
            if (seen.Pieces >= enough) return outcome with { How = LoadEnd.Canceled }; // the caller closes the connection
        }

        if (!isWhole) return outcome with { How = LoadEnd.Failed, Error = LoadError.Broken };
        Interlocked.Increment(ref answers);
        Interlocked.Add(ref answerTokens, seen.Tokens);
        return outcome with { How = LoadEnd.Answered };
    }

    /// <summary>
    /// Number of pieces in half an answer: half of its maximum length or of the mean length so far, whichever is shorter.
    /// </summary>
    private int Half(LoadRequest request)
    {
        long count = Interlocked.Read(ref answers);
        double mean = count == 0 ? request.MaxTokens : (double)Interlocked.Read(ref answerTokens) / count;
        return Math.Max(1, (int)(Math.Min(mean, request.MaxTokens) / 2));
    }

    private static LoadError ErrorOf(Exception e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError
            or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    }
        ? LoadError.Connect
        : LoadError.Broken;

    private static double SecondsOf(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } => delta.TotalSeconds,
        { Date: { } date } => Math.Max(0, (date - DateTimeOffset.UtcNow).TotalSeconds),
        _ => double.NaN,
    };

    /// <summary>The part of an answer received so far.</summary>
    private sealed class Seen
    {
        public double First { get; private set; } = double.NaN;

        public double Last { get; private set; } = double.NaN;

        /// <summary>Time at which the answer was complete: at [DONE], or at the last event if there is none.</summary>
        public double Done { get; private set; } = double.NaN;

        /// <summary>Number of events that added text.</summary>
        public int Pieces { get; private set; }

        public int Prompt { get; private set; }

        public int Tokens => counted > 0 ? counted : Pieces;

        public StringBuilder? Text { get; set; }

        private int counted;

        public void Take(ChatPiece piece, double now)
        {
            Done = now;
            if (piece.Usage is { } usage) (Prompt, counted) = usage;
            bool hasText = piece.Text.Length > 0;
            // An answer may be empty; then its finish event counts as the first piece. A piece with only a role does not count.
            if (double.IsNaN(First) && (hasText || piece.IsFinish)) First = now;
            if (hasText || piece.IsFinish) Last = now;
            if (!hasText) return;
            Pieces++;
            Text?.Append(piece.Text);
        }
    }
}
