namespace VlmSharp.Evaluation.Boxes;

/// <summary>
/// A box in COCO's form, <c>[x, y, width, height]</c>, in pixels. It uses double precision because its overlaps are compared with
/// thresholds.
/// </summary>
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
    /// <returns>Square pixels; 0 if they do not overlap.</returns>
    public double Intersection(CocoBox other)
    {
        double width = Math.Min(Left + Width, other.Left + other.Width) - Math.Max(Left, other.Left);
        double height = Math.Min(Top + Height, other.Top + other.Height) - Math.Max(Top, other.Top);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>The IoU of two boxes (Jaccard index): intersection / (area + area - intersection).</summary>
    /// <param name="other">The other box.</param>
    /// <returns>0 to 1; 0 if both are empty.</returns>
    public double IntersectionOverUnion(CocoBox other)
    {
        double shared = Intersection(other);
        return shared > 0 ? shared / (Area + other.Area - shared) : 0;
    }

    /// <summary>
    /// The share of this box inside a crowd region, whose own size does not matter: intersection / own area (<c>bbIou</c> of COCO's
    /// maskApi.c).
    /// </summary>
    /// <param name="crowd">A region of many things, usually larger than this box.</param>
    /// <returns>0 to 1; 0 if this box is empty.</returns>
    public double ShareInside(CocoBox crowd)
    {
        double shared = Intersection(crowd);
        return shared > 0 ? shared / Area : 0;
    }
}

/// <summary>A true object ("thing") in a picture.</summary>
/// <param name="Box">In pixels of the picture.</param>
/// <param name="Area">Its size in square pixels, which makes it small, medium or large. In COCO this is the mask's area, which is smaller
/// than the box's.</param>
/// <param name="IsCrowd">Whether it is a region of many things: a detection in it is neither right nor wrong, and it need not be
/// found.</param>
public readonly record struct TrueBox(CocoBox Box, double Area, bool IsCrowd = false)
{
    /// <summary>A thing with the area of its box.</summary>
    /// <param name="box">In pixels of the picture.</param>
    public TrueBox(CocoBox box) : this(box, box.Area) { }
}

/// <summary>An object that a detector found.</summary>
/// <param name="Box">In pixels of the picture.</param>
/// <param name="Score">The detector's confidence; larger is more confident. Only the order matters.</param>
public readonly record struct ScoredBox(CocoBox Box, double Score);
