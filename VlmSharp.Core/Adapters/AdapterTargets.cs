using System.Globalization;
using VlmSharp.Checkpoints;
using VlmSharp.Models;

namespace VlmSharp.Adapters;

/// <summary>
/// Selects the linear layers of a model by an adapter's configuration, with PEFT's rules: <c>target_modules</c> without
/// <c>exclude_modules</c>, within the layers of <c>layers_to_transform</c>. The first pattern that matches a layer sets its rank or alpha.
/// </summary>
/// <remarks>
/// Lists, exclusions and the patterns of rank and alpha apply in every naming (<see cref="ModuleNames"/>). A regular expression for the
/// targets applies only in the first naming in which it matches any layer: it was written for one naming, and layers that it does not match
/// there are not selected.
/// </remarks>
internal static class AdapterTargets
{
    private const int Shown = 6;

    /// <summary>All linear layers of a model except the head.</summary>
    /// <param name="model">Gives the number and sizes of the layers.</param>
    /// <returns>Canonical names with inputs and outputs, in the order of the computation.</returns>
    public static IEnumerable<(string Name, int Inputs, int Outputs)> LinearLayers(PaliGemmaConfig model) =>
        from spec in TensorTable.For(model)
        where spec.Shape.Length == 2
            && spec.Name != TensorNames.Embedding
            && !spec.Name.EndsWith(".position_embedding.weight", StringComparison.Ordinal)
        select (spec.Name[..^".weight".Length], (int)spec.Shape[1], (int)spec.Shape[0]);

    /// <summary>The layers that a configuration selects.</summary>
    /// <param name="config">Names the layers, their ranks and those that are left out.</param>
    /// <param name="model">Gives the names and sizes to choose from.</param>
    /// <returns>At least one, in the order of the computation.</returns>
    /// <exception cref="RequestException">The configuration selects no layer, or an expression cannot be used.</exception>
    public static IReadOnlyList<AdaptedModule> Select(AdapterConfig config, PaliGemmaConfig model)
    {
        var matcher = new NameMatcher();
        (string Name, int Inputs, int Outputs)[] layers = [.. LinearLayers(model)];
        HashSet<string> named = Named(config.TargetModules, [.. layers.Select(l => l.Name)], matcher);
        AdaptedModule[] selected =
        [
            .. layers.Where(l => named.Contains(l.Name) && IsIn(config, l.Name, matcher))
                .Select(l => Module(config, l.Name, l.Inputs, l.Outputs, matcher)),
        ];
        if (selected.Length > 0) return selected;
        throw new RequestException(named.Count > 0
            ? $"The target modules {MessageText.Quote(config.TargetModules.ToString())} name {named.Count} linear layers, "
                + "and exclude_modules or layers_to_transform leaves none of them."
            : NoneNamed(config.TargetModules, layers.Select(l => l.Name)));
    }

    /// <summary>A layer with the rank and the alpha that a configuration gives it.</summary>
    public static AdaptedModule Module(AdapterConfig config, string name, int inputs, int outputs, NameMatcher matcher)
    {
        int rank = ByPattern(config.RankPattern, name, matcher) ?? config.Rank;
        double alpha = ByPattern(config.AlphaPattern, name, matcher) ?? config.Alpha;
        return new AdaptedModule(name, inputs, outputs, rank, alpha, alpha / (config.UseRsLora ? Math.Sqrt(rank) : rank));
    }

    /// <summary>The value of the first pattern, a regular expression, that matches a whole name or its end after a dot.</summary>
    private static T? ByPattern<T>(IReadOnlyList<KeyValuePair<string, T>> patterns, string name, NameMatcher matcher) where T : struct
    {
        foreach ((string pattern, T value) in patterns)
            if (ModuleNames.All(name).Any(n => matcher.Matches($@"(?:.*\.)?(?:{pattern})", n))) return value;
        return null;
    }

    private static HashSet<string> Named(ModulePattern targets, string[] names, NameMatcher matcher)
    {
        if (targets.Expression is null) return [.. names.Where(name => ModuleNames.All(name).Any(n => matcher.Matches(targets, n)))];
        for (int naming = 0; naming < ModuleNames.Namings; naming++)
        {
            HashSet<string> found = [.. names.Where(name => matcher.Matches(targets, ModuleNames.In(name, naming)))];
            if (found.Count > 0) return found;
        }

        return [];
    }

    private static bool IsIn(AdapterConfig config, string name, NameMatcher matcher)
    {
        if (config.ExcludeModules is { } excluded && ModuleNames.All(name).Any(n => matcher.Matches(excluded, n))) return false;
        return config.LayersToTransform is not { } layers || (LayerOf(name, config.LayersPattern) is { } layer && layers.Contains(layer));
    }

    /// <summary>
    /// The number of the layer that a module is in, after one of the words of <c>layers_pattern</c>; null if it is in none.
    /// </summary>
    private static int? LayerOf(string name, IReadOnlyList<string> words)
    {
        string[] parts = name.Split('.');
        for (int i = parts.Length - 2; i > 1; i--)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && (words.Count == 0 || words.Contains(parts[i - 1])))
                return number;
        }

        return null;
    }

    private static string NoneNamed(ModulePattern targets, IEnumerable<string> names)
    {
        string[] kinds = [.. names.Select(name => name[(name.LastIndexOf('.') + 1)..]).Distinct()];
        string[] near = targets.Expression is null ? [.. targets.Names.SelectMany(target => Near(target, kinds)).Distinct()] : [];
        string hint = near.Length > 0
            ? $"near are {string.Join(", ", near.Take(Shown))}"
            : $"there are {string.Join(", ", kinds)}, with names such as {names.First()} and {names.Last()}";
        return $"The target modules {MessageText.Quote(targets.ToString())} name none of the model's linear layers; {hint}.";
    }

    /// <summary>
    /// The kinds of layers closest to the last part of a requested name; none if more than a third of its letters differ.
    /// </summary>
    private static IEnumerable<string> Near(string target, string[] kinds)
    {
        string asked = target[(target.LastIndexOf('.') + 1)..];
        if (asked.Length > 40) return [];
        int[] distances = Array.ConvertAll(kinds, kind => Distance(asked, kind));
        int least = distances.Min();
        return 3 * least > asked.Length ? [] : kinds.Where((_, i) => distances[i] == least);
    }

    /// <summary>Insertions, deletions and substitutions that turn one text into the other (Levenshtein 1966).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
