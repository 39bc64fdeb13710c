namespace VlmSharp.Evaluation.Captions;

/// <summary>How captions are split into words before they are scored.</summary>
public enum CaptionTokenization
{
    /// <summary>Penn Treebank words in lower case, without punctuation, as COCO uses them: <see cref="PtbTokenizer"/>.</summary>
    Ptb,

    /// <summary>The text between white space, unchanged.</summary>
    Whitespace,

    /// <summary>Nothing is done, because another program has already split the captions into words.</summary>
    None,
}
