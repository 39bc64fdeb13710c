using VlmSharp.Imaging;

namespace VlmSharp.Scenes;

/// <summary>A thing and its place, in pixels.</summary>
internal sealed record Placed(Thing Thing, int Left, int Top, int Width, int Height)
{
    public double CenterX => Left + Width / 2.0;

    public double CenterY => Top + Height / 2.0;

    /// <summary>The share of the smaller of two boxes that the other one covers: 0 to 1.</summary>
    public double Covered(Placed other)
    {
        int width = Math.Min(Left + Width, other.Left + other.Width) - Math.Max(Left, other.Left);
        int height = Math.Min(Top + Height, other.Top + other.Height) - Math.Max(Top, other.Top);
        return width <= 0 || height <= 0 ? 0 : (double)width * height / Math.Min(Width * Height, other.Width * other.Height);
    }
}

/// <summary>A picture and the things in it.</summary>
/// <param name="Picture">The picture, which is square.</param>
/// <param name="Things">One to four things; several are all of one kind, or all of different kinds and at most three.</param>
internal sealed record Scene(RgbImage Picture, IReadOnlyList<Placed> Things)
{
    /// <summary>Whether all things are of one kind.</summary>
    public bool IsOneKind => Things.All(placed => placed.Thing == Things[0].Thing);
}
