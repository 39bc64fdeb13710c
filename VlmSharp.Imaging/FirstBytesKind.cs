namespace VlmSharp.Imaging;

/// <summary>What the first bytes of a file or a pipe are.</summary>
internal enum FirstBytesKind
{
    /// <summary>Text, such as a list of paths. Empty content counts as text.</summary>
    Text,

    /// <summary>A picture, in a supported format or in one that is refused by name.</summary>
    Picture,

    /// <summary>An archive or a compressed file.</summary>
    Archive,

    /// <summary>Binary data of no known kind.</summary>
    Binary,
}
