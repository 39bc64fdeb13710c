namespace VlmSharp.Training.Runs;

/// <summary>Where a run is: all that a checkpoint says beside its files.</summary>
public sealed record RunState
{
    /// <summary>Optimizer steps that are done; the next one has this number.</summary>
    public required long Step { get; init; }

    /// <summary>What results depend on, name and value. A run goes on with the same ones alone.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Which data it is: a hash. A run goes on with the same alone.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>Which batch is next, as the data says it.</summary>
    public required string DataPosition { get; init; }

    /// <summary>What else moves on from step to step: generators, best metric, tokens so far.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>Throws unless settings and data are the same.</summary>
    /// <param name="settings">Of the run that wants to go on.</param>
    /// <param name="dataFingerprint">Of its data.</param>
    /// <param name="folder">The run's folder, for the message.</param>
    /// <exception cref="RequestException">They differ; the message names what and how.</exception>
    public void RequireSame(IReadOnlyDictionary<string, string> settings, string dataFingerprint, string folder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        string[] differ = [.. Settings.Keys.Union(settings.Keys).Order(StringComparer.Ordinal)
            .Where(name => Settings.GetValueOrDefault(name) != settings.GetValueOrDefault(name))
            .Select(name => $"{name} was {Shown(Settings, name)} and is {Shown(settings, name)}")];
        if (differ.Length > 0)
        {
            throw new RequestException($"{folder} holds a run with other settings: {string.Join(", ", differ)}; "
                + "give its settings to go on, or another folder to begin anew.");
        }

        if (DataFingerprint != dataFingerprint)
        {
            throw new RequestException($"{folder} holds a run on other data: the files have changed since; "
                + "bring them back to go on, or give another folder to begin anew.");
        }

        static string Shown(IReadOnlyDictionary<string, string> from, string name) =>
            from.TryGetValue(name, out string? value) ? MessageText.Quote(value) : "not set";
    }
}
