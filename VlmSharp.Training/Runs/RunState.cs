namespace VlmSharp.Training.Runs;

/// <summary>The state of a run: all that a checkpoint holds besides its files.</summary>
public sealed record RunState
{
    /// <summary>Optimizer steps that are done; the next one has this number.</summary>
    public required long Step { get; init; }

    /// <summary>Values that results depend on, by name. A run resumes only with the same ones.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>A hash of the data. A run resumes only with the same data.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>The position of the next batch, in the data source's format.</summary>
    public required string DataPosition { get; init; }

    /// <summary>Other values that change from step to step: generators, best metric, token count.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>Throws unless settings and data are the same.</summary>
    /// <param name="settings">Of the run that wants to go on.</param>
    /// <param name="dataFingerprint">Of the data of the run that wants to go on.</param>
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
