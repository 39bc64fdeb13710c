using System.Diagnostics;
using System.Text.Json;
using VlmSharp.Cli.Output;
using VlmSharp.Generation;
using VlmSharp.Tasks;

namespace VlmSharp.Cli.Batch;

/// <summary>Generates for groups of items and yields one record for each item, in order.</summary>
/// <param name="model">Owned by the caller, like its tasks.</param>
/// <param name="tasks">The model's tasks.</param>
/// <param name="options">How to generate.</param>
/// <param name="size">Number of items per group. Results do not depend on it.</param>
/// <param name="ask">Returns what to ask about an item.</param>
internal sealed class BatchRunner(
    VisionLanguageModel model,
    TaskRunner tasks,
    GenerationOptions options,
    int size,
    Func<WorkItem, BatchTask> ask)
{
    /// <summary>A record: its line, and whether it is an error record.</summary>
    public readonly record struct Record(byte[] Line, bool IsError)
    {
        /// <summary>The item's index among all items.</summary>
        public long Index { get; init; }

        /// <summary>How long the model worked on the item's group, and the number of items in that group.</summary>
        public (TimeSpan Time, int Items) Group { get; init; }
    }

    private string? note;
    private bool isNoted;

    /// <summary>A note about the requests so far; null if there is none, or if it was taken before.</summary>
    public string? TakeNote()
    {
        if (note is null || isNoted) return null;
        isNoted = true;
        return note;
    }

    /// <summary>Runs to the end of the items.</summary>
    /// <exception cref="ModelFormatException">A file of the model or of an adapter was written to meanwhile.</exception>
    public async IAsyncEnumerable<Record> RunAsync(
        IAsyncEnumerable<LoadedItem> items,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var group = new List<LoadedItem>(size);
        await foreach (LoadedItem item in items.WithCancellation(cancellationToken))
        {
            group.Add(item);
            if (group.Count < size) continue;
            foreach (Record record in Run(group, cancellationToken)) yield return record;
            group.Clear();
        }

        foreach (Record record in Run(group, cancellationToken)) yield return record;
    }

    private List<Record> Run(List<LoadedItem> group, CancellationToken cancellationToken)
    {
        var faults = new JsonError?[group.Count];
        var asked = new BatchTask?[group.Count];
        var requests = new List<GenerationRequest>();
        for (int i = 0; i < group.Count; i++)
        {
            faults[i] = group[i].Fault;
            if (faults[i] is not null) continue;
            try
            {
                WorkItem item = group[i].Item;
                asked[i] = ask(item);
                var request = asked[i]!.Request(tasks, group[i].Pictures) with { Seed = item.Seed ?? options.Seed, Adapter = item.Adapter };
                model.Check(request, options);
                note ??= RequestNotes.OfPrompt(request, model.Config.Vision.Patches);
                requests.Add(request);
            }
            catch (RequestException e)
            {
                faults[i] = JsonError.Of(e);
            }
        }

        long start = Stopwatch.GetTimestamp();
        Generated[] results = requests.Count == 0 ? [] : Generate(requests, cancellationToken);
        (TimeSpan, int) together = (Stopwatch.GetElapsedTime(start), requests.Count);
        var records = new List<Record>(group.Count);
        int next = 0;
        for (int i = 0; i < group.Count; i++)
        {
            LoadedItem item = group[i];
            GenerationResult? result = null;
            if (faults[i] is null) (result, faults[i]) = results[next++];
            Record record = result is null ? Error(item.Item, faults[i]!.Value) : Answer(item, asked[i]!, result);
            records.Add(record with { Index = item.Item.Index, Group = together });
        }

        return records;
    }

    /// <summary>One result for each request. If scores are not finite, only the requests that have such scores fail.</summary>
    private Generated[] Generate(List<GenerationRequest> requests, CancellationToken cancellationToken)
    {
        try
        {
            return [.. model.Generate(requests, options, cancellationToken).Select(result => new Generated(result, null))];
        }
        catch (ModelFormatException e) when (requests.Count == 1)
        {
            model.Check(requests[0], options); // accepted before: throws only if files were written to, no fault of the item
            return [new Generated(null, JsonError.Of(e))];
        }
        catch (ModelFormatException)
        {
            return [.. requests.SelectMany(request => Generate([request], cancellationToken))];
        }
    }

    /// <summary>The result of a request, or its error.</summary>
    private readonly record struct Generated(GenerationResult? Result, JsonError? Fault);

    private static Record Error(WorkItem item, JsonError error) => new(JsonOutput.ToBytes(o =>
    {
        o.WriteStartObject();
        WriteName(o, item);
        error.Write(o);
        o.WriteEndObject();
    }), true);

    private static void WriteName(Utf8JsonWriter o, WorkItem item)
    {
        o.WriteNumber("index", item.Index);
        if (!item.IsIdNumber) o.WriteString("id", item.Id);
        else
        {
            o.WritePropertyName("id");
            o.WriteRawValue(item.Id); // as it was written: it may have more digits than a double
        }
    }

    private Record Answer(LoadedItem item, BatchTask task, GenerationResult result) => new(JsonOutput.ToBytes(o =>
    {
        o.WriteStartObject();
        WriteName(o, item.Item);
        task.Write(o, tasks, result, item.Sizes);
        o.WriteEndObject();
    }), false);
}
