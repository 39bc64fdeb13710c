using System.Buffers.Binary;

namespace VlmSharp.Scenes;

/// <summary>
/// Reads NotoColorEmoji.ttf from Debian's fonts-noto-color-emoji, a font whose glyphs are PNG pictures of 136 x 128 (OpenType tables cmap,
/// CBLC and CBDT).
/// </summary>
internal sealed class EmojiFont
{
    private const int BySegments = 12; // the format of a cmap with whole ranges of characters
    private const int SmallMetrics = 17, BigMetrics = 18, NoMetrics = 19; // image formats that hold PNG

    private readonly byte[] file;
    private readonly Dictionary<string, int> tables = [];
    private readonly Dictionary<int, Sprite> sprites = [];

    /// <summary>Opens the font.</summary>
    public EmojiFont(string path)
    {
        file = File.ReadAllBytes(path);
        int count = U16(4);
        for (int i = 0; i < count; i++)
        {
            int entry = 12 + 16 * i;
            tables[System.Text.Encoding.ASCII.GetString(file, entry, 4)] = U32(entry + 8);
        }

        foreach (string needed in (string[])["cmap", "CBLC", "CBDT"])
            if (!tables.ContainsKey(needed))
                throw new InvalidDataException(
                    $"{path} has no table {needed}: give NotoColorEmoji.ttf of Debian's package fonts-noto-color-emoji, which holds PNG "
                        + "pictures.");
    }

    /// <summary>The picture of a character, without its transparent margin.</summary>
    public Sprite Picture(int codePoint)
    {
        if (sprites.TryGetValue(codePoint, out Sprite? known)) return known;
        return sprites[codePoint] = FontPng.Decode(Png(Glyph(codePoint))).Trim();
    }

    private int Glyph(int codePoint)
    {
        int cmap = tables["cmap"];
        for (int i = 0; i < U16(cmap + 2); i++)
        {
            int table = cmap + U32(cmap + 4 + 8 * i + 4);
            if (U16(table) != BySegments) continue;
            for (int group = table + 16, end = group + 12 * U32(table + 12); group < end; group += 12)
                if (codePoint >= U32(group) && codePoint <= U32(group + 4)) return U32(group + 8) + codePoint - U32(group);
        }

        throw new InvalidDataException($"The font has no U+{codePoint:X4}.");
    }

    /// <summary>Finds the bytes of a glyph: a list of ranges, and in the table of the range its start and end.</summary>
    private ReadOnlySpan<byte> Png(int glyph)
    {
        int size = tables["CBLC"] + 8, list = tables["CBLC"] + U32(size), ranges = U32(size + 8);
        for (int i = 0; i < ranges; i++)
        {
            int range = list + 8 * i, first = U16(range), table = list + U32(range + 4);
            if (glyph < first || glyph > U16(range + 2)) continue;
            if (U16(table) != 1) throw new InvalidDataException($"The font's index has format {U16(table)}, not 1.");
            int place = tables["CBDT"] + U32(table + 4) + U32(table + 8 + 4 * (glyph - first));
            int skipped = U16(table + 2) switch
            {
                SmallMetrics => 5,
                BigMetrics => 8,
                NoMetrics => 0,
                var other => throw new InvalidDataException($"The font's pictures have format {other}.")
            };
            return file.AsSpan(place + skipped + 4, U32(place + skipped));
        }

        throw new InvalidDataException($"The font has no picture of glyph {glyph}.");
    }

    private int U16(int at) => BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at));

    private int U32(int at) => checked((int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)));
}
