namespace VlmSharp.Evaluation.Boxes;

/// <summary>A box as COCO writes it, <c>[x, y, width, height]</c>, in pixels. In double precision, since thresholds are compared with it.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Width">Pixels from left to right, 0 or more.</param>
/// <param name="Height">Pixels from top to bottom, 0 or more.</param>
public readonly record struct CocoBox(double Left, double Top, double Width, double Height)
{
    /// <summary>Width times height.</summary>
    public double Area => Width * Height;

    /// <summary>The area that two boxes share.</summary>
    /// <param name="other">The other box.</param>
    /// <returns>Square pixels, 0 where they do not overlap.</returns>
    public double Intersection(CocoBox other)
    {
        double width = Math.Min(Left + Width, other.Left + other.Width) - Math.Max(Left, other.Left);
        double height = Math.Min(Top + Height, other.Top + other.Height) - Math.Max(Top, other.Top);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>How much of their union two boxes share (Jaccard index): intersection / (area + area - intersection).</summary>
    /// <param name="other">The other box.</param>
    /// <returns>0 to 1; 0 where both are empty.</returns>
    public double IntersectionOverUnion(CocoBox other)
    {
        double shared = Intersection(other);
        return shared > 0 ? shared / (Area + other.Area - shared) : 0;
    }

    /// <summary>How much of this box lies in a region of many things, whose own size says nothing: intersection / own area (<c>bbIou</c> of COCO's maskApi.c).</summary>
    /// <param name="crowd">The region.</param>
    /// <returns>0 to 1; 0 where this box is empty.</returns>
    public double ShareInside(CocoBox crowd)
    {
        double shared = Intersection(crowd);
        return shared > 0 ? shared / Area : 0;
    }
}

/// <summary>A thing that is in a picture.</summary>
/// <param name="Box">Where.</param>
/// <param name="Area">Its size in square pixels, by which it is small, medium or large: in COCO that of its mask, which is smaller than the box.</param>
/// <param name="IsCrowd">Whether it is a region of many things: a detection in it is neither right nor wrong, and it need not be found.</param>
public readonly record struct TrueBox(CocoBox Box, double Area, bool IsCrowd = false)
{
    /// <summary>A thing as large as its box.</summary>
    /// <param name="box">Where.</param>
    public TrueBox(CocoBox box) : this(box, box.Area) { }
}

/// <summary>A thing that a detector found.</summary>
/// <param name="Box">Where.</param>
/// <param name="Score">How sure the detector is; larger is surer. Only the order counts.</param>
public readonly record struct ScoredBox(CocoBox Box, double Score);
