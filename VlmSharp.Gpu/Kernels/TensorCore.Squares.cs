namespace VlmSharp.Gpu.Kernels;

/// <summary>The PTX of a tile's squares: for row i of squares, its left two and its right two.</summary>
internal partial struct TensorCore
{
    private const string Mma = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";
    private const string Load = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 ", Turn = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 ";
    private const string Put2 = "st.shared.v2.f32 ";

    // Sums of 0.
    private const string Zero0Left =
        "mov.f32 acc0, 0f00000000; mov.f32 acc1, 0f00000000; mov.f32 acc2, 0f00000000; mov.f32 acc3, 0f00000000; "
        + "mov.f32 acc4, 0f00000000; mov.f32 acc5, 0f00000000; mov.f32 acc6, 0f00000000; mov.f32 acc7, 0f00000000;\n";
    private const string Zero0Right =
        "mov.f32 acc8, 0f00000000; mov.f32 acc9, 0f00000000; mov.f32 acc10, 0f00000000; mov.f32 acc11, 0f00000000; "
        + "mov.f32 acc12, 0f00000000; mov.f32 acc13, 0f00000000; mov.f32 acc14, 0f00000000; mov.f32 acc15, 0f00000000;\n";
    private const string Zero1Left =
        "mov.f32 acc16, 0f00000000; mov.f32 acc17, 0f00000000; mov.f32 acc18, 0f00000000; mov.f32 acc19, 0f00000000; "
        + "mov.f32 acc20, 0f00000000; mov.f32 acc21, 0f00000000; mov.f32 acc22, 0f00000000; mov.f32 acc23, 0f00000000;\n";
    private const string Zero1Right =
        "mov.f32 acc24, 0f00000000; mov.f32 acc25, 0f00000000; mov.f32 acc26, 0f00000000; mov.f32 acc27, 0f00000000; "
        + "mov.f32 acc28, 0f00000000; mov.f32 acc29, 0f00000000; mov.f32 acc30, 0f00000000; mov.f32 acc31, 0f00000000;\n";
    private const string Zero2Left =
        "mov.f32 acc32, 0f00000000; mov.f32 acc33, 0f00000000; mov.f32 acc34, 0f00000000; mov.f32 acc35, 0f00000000; "
        + "mov.f32 acc36, 0f00000000; mov.f32 acc37, 0f00000000; mov.f32 acc38, 0f00000000; mov.f32 acc39, 0f00000000;\n";
    private const string Zero2Right =
        "mov.f32 acc40, 0f00000000; mov.f32 acc41, 0f00000000; mov.f32 acc42, 0f00000000; mov.f32 acc43, 0f00000000; "
        + "mov.f32 acc44, 0f00000000; mov.f32 acc45, 0f00000000; mov.f32 acc46, 0f00000000; mov.f32 acc47, 0f00000000;\n";
    private const string Zero3Left =
        "mov.f32 acc48, 0f00000000; mov.f32 acc49, 0f00000000; mov.f32 acc50, 0f00000000; mov.f32 acc51, 0f00000000; "
        + "mov.f32 acc52, 0f00000000; mov.f32 acc53, 0f00000000; mov.f32 acc54, 0f00000000; mov.f32 acc55, 0f00000000;\n";
    private const string Zero3Right =
        "mov.f32 acc56, 0f00000000; mov.f32 acc57, 0f00000000; mov.f32 acc58, 0f00000000; mov.f32 acc59, 0f00000000; "
        + "mov.f32 acc60, 0f00000000; mov.f32 acc61, 0f00000000; mov.f32 acc62, 0f00000000; mov.f32 acc63, 0f00000000;\n";

    // Load 16 x 16 numbers of X for each row of squares, and 16 columns of W.
    private const string LoadX0 = Load + "{ra0,ra1,ra2,ra3}, [fromx];\n", LoadX1 = Load + "{ra4,ra5,ra6,ra7}, [fromx+1024];\n";
    private const string LoadX2 = Load + "{ra8,ra9,ra10,ra11}, [fromx+2048];\n", LoadX3 = Load + "{ra12,ra13,ra14,ra15}, [fromx+3072];\n";
    private const string LoadW0 = Load + "{rb0,rb1,rb2,rb3}, [fromw];\n", LoadW1 = Load + "{rb4,rb5,rb6,rb7}, [fromw+1024];\n";

    // The same for operands that lie across: 16 rows or columns are two chunks.
    private const string TurnX0 = Turn + "{ra0,ra1,ra2,ra3}, [fromx];\n", TurnX1 = Turn + "{ra4,ra5,ra6,ra7}, [fromx+32];\n";
    private const string TurnX2 = Turn + "{ra8,ra9,ra10,ra11}, [fromx+64];\n", TurnX3 = Turn + "{ra12,ra13,ra14,ra15}, [fromx+96];\n";
    private const string TurnW0 = Turn + "{rb0,rb1,rb2,rb3}, [fromw];\n", TurnW1 = Turn + "{rb4,rb5,rb6,rb7}, [fromw+32];\n";

    // 16 x 8 sums += 16 x 16 of X times 16 x 8 of W.
    private const string Row0Left =
        Mma + "{acc0,acc1,acc2,acc3}, {ra0,ra1,ra2,ra3}, {rb0,rb1}, {acc0,acc1,acc2,acc3};\n"
        + Mma + "{acc4,acc5,acc6,acc7}, {ra0,ra1,ra2,ra3}, {rb2,rb3}, {acc4,acc5,acc6,acc7};\n";
    private const string Row0Right =
        Mma + "{acc8,acc9,acc10,acc11}, {ra0,ra1,ra2,ra3}, {rb4,rb5}, {acc8,acc9,acc10,acc11};\n"
        + Mma + "{acc12,acc13,acc14,acc15}, {ra0,ra1,ra2,ra3}, {rb6,rb7}, {acc12,acc13,acc14,acc15};\n";
    private const string Row1Left =
        Mma + "{acc16,acc17,acc18,acc19}, {ra4,ra5,ra6,ra7}, {rb0,rb1}, {acc16,acc17,acc18,acc19};\n"
        + Mma + "{acc20,acc21,acc22,acc23}, {ra4,ra5,ra6,ra7}, {rb2,rb3}, {acc20,acc21,acc22,acc23};\n";
    private const string Row1Right =
        Mma + "{acc24,acc25,acc26,acc27}, {ra4,ra5,ra6,ra7}, {rb4,rb5}, {acc24,acc25,acc26,acc27};\n"
        + Mma + "{acc28,acc29,acc30,acc31}, {ra4,ra5,ra6,ra7}, {rb6,rb7}, {acc28,acc29,acc30,acc31};\n";
    private const string Row2Left =
        Mma + "{acc32,acc33,acc34,acc35}, {ra8,ra9,ra10,ra11}, {rb0,rb1}, {acc32,acc33,acc34,acc35};\n"
        + Mma + "{acc36,acc37,acc38,acc39}, {ra8,ra9,ra10,ra11}, {rb2,rb3}, {acc36,acc37,acc38,acc39};\n";
    private const string Row2Right =
        Mma + "{acc40,acc41,acc42,acc43}, {ra8,ra9,ra10,ra11}, {rb4,rb5}, {acc40,acc41,acc42,acc43};\n"
        + Mma + "{acc44,acc45,acc46,acc47}, {ra8,ra9,ra10,ra11}, {rb6,rb7}, {acc44,acc45,acc46,acc47};\n";
    private const string Row3Left =
        Mma + "{acc48,acc49,acc50,acc51}, {ra12,ra13,ra14,ra15}, {rb0,rb1}, {acc48,acc49,acc50,acc51};\n"
        + Mma + "{acc52,acc53,acc54,acc55}, {ra12,ra13,ra14,ra15}, {rb2,rb3}, {acc52,acc53,acc54,acc55};\n";
    private const string Row3Right =
        Mma + "{acc56,acc57,acc58,acc59}, {ra12,ra13,ra14,ra15}, {rb4,rb5}, {acc56,acc57,acc58,acc59};\n"
        + Mma + "{acc60,acc61,acc62,acc63}, {ra12,ra13,ra14,ra15}, {rb6,rb7}, {acc60,acc61,acc62,acc63};\n";

    // Store to the tile of sums, whose rows are 544 bytes.
    private const string Store0Left =
        Put2 + "[t+0], {acc0,acc1}; " + Put2 + "[t+4352], {acc2,acc3}; "
        + Put2 + "[t+32], {acc4,acc5}; " + Put2 + "[t+4384], {acc6,acc7};\n";
    private const string Store0Right =
        Put2 + "[t+64], {acc8,acc9}; " + Put2 + "[t+4416], {acc10,acc11}; "
        + Put2 + "[t+96], {acc12,acc13}; " + Put2 + "[t+4448], {acc14,acc15};\n";
    private const string Store1Left =
        Put2 + "[t+8704], {acc16,acc17}; " + Put2 + "[t+13056], {acc18,acc19}; "
        + Put2 + "[t+8736], {acc20,acc21}; " + Put2 + "[t+13088], {acc22,acc23};\n";
    private const string Store1Right =
        Put2 + "[t+8768], {acc24,acc25}; " + Put2 + "[t+13120], {acc26,acc27}; "
        + Put2 + "[t+8800], {acc28,acc29}; " + Put2 + "[t+13152], {acc30,acc31};\n";
    private const string Store2Left =
        Put2 + "[t+17408], {acc32,acc33}; " + Put2 + "[t+21760], {acc34,acc35}; "
        + Put2 + "[t+17440], {acc36,acc37}; " + Put2 + "[t+21792], {acc38,acc39};\n";
    private const string Store2Right =
        Put2 + "[t+17472], {acc40,acc41}; " + Put2 + "[t+21824], {acc42,acc43}; "
        + Put2 + "[t+17504], {acc44,acc45}; " + Put2 + "[t+21856], {acc46,acc47};\n";
    private const string Store3Left =
        Put2 + "[t+26112], {acc48,acc49}; " + Put2 + "[t+30464], {acc50,acc51}; "
        + Put2 + "[t+26144], {acc52,acc53}; " + Put2 + "[t+30496], {acc54,acc55};\n";
    private const string Store3Right =
        Put2 + "[t+26176], {acc56,acc57}; " + Put2 + "[t+30528], {acc58,acc59}; "
        + Put2 + "[t+26208], {acc60,acc61}; " + Put2 + "[t+30560], {acc62,acc63};\n";
}
