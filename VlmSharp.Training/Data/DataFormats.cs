namespace VlmSharp.Training.Data;

/// <summary>The names of formats on command lines and in reports.</summary>
public static class DataFormats
{
    private static readonly (DataFormat Format, string Name)[] Names =
    [
        (DataFormat.PrefixSuffix, "prefix-suffix"),
        (DataFormat.ImageText, "image-text"),
        (DataFormat.QuestionAnswer, "question-answer"),
        (DataFormat.Messages, "messages"),
        (DataFormat.Vqa, "vqa"),
        (DataFormat.CocoCaptions, "coco-captions"),
        (DataFormat.CocoInstances, "coco-instances"),
        (DataFormat.TextFolder, "text-folder"),
        (DataFormat.LabelFolder, "label-folder"),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.Select(entry => entry.Name)];

    /// <summary>The name of a format.</summary>
    /// <param name="format">Any value of the enumeration.</param>
    /// <returns>Such as <c>coco-captions</c>.</returns>
    public static string NameOf(DataFormat format) => Names.First(entry => entry.Format == format).Name;

    /// <summary>The format of a name.</summary>
    /// <param name="name">Such as <c>coco-captions</c>.</param>
    /// <returns>The format, or null where no format has that name.</returns>
    public static DataFormat? Find(string name)
    {
        foreach ((DataFormat format, string known) in Names)
            if (known == name) return format;
        return null;
    }

    internal static bool IsRows(DataFormat format) => format <= DataFormat.Messages;

    internal static bool IsFolder(DataFormat format) => format is DataFormat.TextFolder or DataFormat.LabelFolder;
}
