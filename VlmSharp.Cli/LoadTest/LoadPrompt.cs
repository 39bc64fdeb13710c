using System.Text.Json;

namespace VlmSharp.Cli.LoadTest;

/// <summary>A prompt of a load test.</summary>
/// <param name="Text">The prompt, word for word.</param>
/// <param name="Picture">The file of its picture; null for any picture.</param>
/// <param name="MaxTokens">Maximum number of answer tokens; null to use the command line's.</param>
internal sealed record LoadPrompt(string Text, string? Picture = null, int? MaxTokens = null)
{
    private const int MostBytes = 16 << 20, MostPrompts = 100_000;

    /// <summary>
    /// Reads <c>{"prompt": "caption en", "image": "a.png", "max_tokens": 32}</c>, one per line or as an array. Other members are ignored.
    /// </summary>
    /// <param name="path">The file; pictures are relative to it.</param>
    /// <exception cref="IOException">The file cannot be read, or has no prompts.</exception>
    public static IReadOnlyList<LoadPrompt> ReadFile(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        var prompts = new List<LoadPrompt>();
        try
        {
            var options = new JsonReaderOptions { AllowMultipleValues = true, AllowTrailingCommas = true };
            var json = new Utf8JsonReader(SmallFile.Read(path, MostBytes), options);
            while (json.Read())
            {
                using JsonDocument value = JsonDocument.ParseValue(ref json);
                if (value.RootElement.ValueKind != JsonValueKind.Array) prompts.Add(Read(value.RootElement, folder));
                else prompts.AddRange(value.RootElement.EnumerateArray().Select(item => Read(item, folder)));
                if (prompts.Count > MostPrompts) throw new IOException($"{path} has more than {MostPrompts} prompts: give fewer.");
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new IOException($"{path}, prompt {prompts.Count + 1}: {e.Message}", e);
        }

        return prompts.Count > 0
            ? prompts
            : throw new IOException($"{path} has no prompts: give a JSON object a line, such as {{\"prompt\": \"caption en\"}}.");
    }

    private static LoadPrompt Read(JsonElement o, string folder)
    {
        if (o.ValueKind != JsonValueKind.Object
            || !o.TryGetProperty("prompt", out JsonElement prompt)
            || prompt.ValueKind != JsonValueKind.String)
            throw new FormatException("there is no text \"prompt\": give an object such as {\"prompt\": \"caption en\"}.");
        string? image = o.TryGetProperty("image", out JsonElement i) ? i.GetString() : null;
        int? tokens = o.TryGetProperty("max_tokens", out JsonElement t) ? t.GetInt32() : null;
        if (tokens is < 1) throw new FormatException($"\"max_tokens\" is {tokens}: give at least 1.");
        return new LoadPrompt(prompt.GetString()!, image is null ? null : Path.Combine(folder, image), tokens);
    }
}
